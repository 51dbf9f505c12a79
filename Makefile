# Each target is one line into tools/. Variables: ONCE=1 ARGS=… ONLY=… SEED=…
.PHONY: demo test check bench faults hil image help
.DEFAULT_GOAL := help
help:   ; @python3 tools/run.py help
demo:   ; @python3 tools/run.py demo $(if $(ONCE),--once)
test:   ; @python3 tools/run.py test $(ARGS)
check:  ; @python3 tools/run.py check $(ARGS)
bench:  ; @python3 tools/run.py bench $(if $(ONLY),--only "$(ONLY)")
faults: ; @python3 tools/run.py faults $(if $(SEED),--seed "$(SEED)") $(ARGS)
hil:    ; @python3 tools/run.py hil $(ARGS)
image:  ; @python3 tools/run.py image $(ARGS)
