# Each target is one line into tools/. Variables: ONCE=1 ARGS=… ONLY=… SEED=…
.DEFAULT_GOAL := help
.PHONY: help demo test check bench faults pins reference
help:   ; @python3 -m tools help
demo:   ; @python3 -m tools demo $(if $(ONCE),--once) $(ARGS)
test:   ; @python3 -m tools test $(ARGS)
check:  ; @python3 -m tools check $(ARGS)
bench:  ; @python3 -m tools bench $(if $(ONLY),--only $(ONLY)) $(ARGS)
faults: ; @python3 -m tools faults $(if $(SEED),--seed $(SEED)) $(ARGS)
pins:   ; @python3 -m tools pins
reference: ; @python3 -m tools reference
