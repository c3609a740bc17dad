# Thin on purpose: mmlearn/course/bootstrap.py does the work, on every system, with or without make.
PYTHON ?= python3
COURSE := $(PYTHON) mmlearn/course/bootstrap.py

.PHONY: help lab test build bench sheets clean

help:
	@echo "make lab     from nothing to JupyterLab on lesson 00     (PORT=8899 chooses the port)"
	@echo "make test    from nothing to all proofs                  (LESSON=01 narrows to one lesson)"
	@echo "make build   execute the lessons that changed            (ALL=1: all of them)"
	@echo "make bench   measure start-up, data, the classical pipeline and networks here"
	@echo "make sheets  draw the data sets' contact sheets anew"
	@echo "make clean   remove .venv and caches; work/ stays"

lab:
	@$(COURSE) lab $(if $(PORT),--port=$(PORT))

test:
	@$(COURSE) test $(if $(LESSON),--lesson=$(LESSON))

build:
	@$(COURSE) build $(if $(ALL),--all) $(LESSON)

bench sheets clean:
	@$(COURSE) $@
