# Each target is one line into tools/. Variables: ONCE=1 ARGS=… ONLY=… SEED=… PYTHON=…
PYTHON ?= python3
.DEFAULT_GOAL := help
.PHONY: help demo test check bench faults model ocr-bench pins reference
help:   ; @$(PYTHON) -m tools help
demo:   ; @$(PYTHON) -m tools demo $(if $(ONCE),--once) $(ARGS)
test:   ; @$(PYTHON) -m tools test $(ARGS)
check:  ; @$(PYTHON) -m tools check $(ARGS)
bench:  ; @$(PYTHON) -m tools bench $(if $(ONLY),--only $(ONLY)) $(ARGS)
faults: ; @$(PYTHON) -m tools faults $(if $(SEED),--seed $(SEED)) $(ARGS)
model:  ; @$(PYTHON) -m tools model $(ARGS)
ocr-bench: ; @$(PYTHON) -m tools ocr-bench $(if $(SEED),--seed $(SEED)) $(ARGS)
pins:   ; @$(PYTHON) -m tools pins
reference: ; @$(PYTHON) -m tools reference
