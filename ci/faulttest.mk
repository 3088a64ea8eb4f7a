# For a project's own Makefile (GNU make):
#
#   include $(shell pkg-config --variable=makefile faulttest)
#   FAULTTESTS = test_svc
#   test_svc: test_svc.o svc.o
#   	$(CC) -o $@ $^ $(FAULTTEST_LIBS) -luv -lcmocka
#
# and then `make faulttest` builds the programs by your own rules and sweeps them.
#
#   FAULTTESTS              programs to sweep; may be set before or after the include
#   FAULTTEST_FLAGS         options for `faulttest run`, e.g. --mode timeout,partial
#   FAULTTEST_RESULTS       where the records go; default build/faulttest/results.jsonl
#   FAULTTEST               the command; default: the one installed beside this file
# Given to you:
#   FAULTTEST_CFLAGS        to compile tests and the code under test
#   FAULTTEST_LIBS          to link, in front of all other libraries
#   FAULTTEST_LIBS_COVERAGE to link, too, with --coverage

faulttest__goal := $(.DEFAULT_GOAL)
faulttest__prefix := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))../..)
faulttest__makefile := $(firstword $(MAKEFILE_LIST))
faulttest__pkg_config := PKG_CONFIG_PATH=$(faulttest__prefix)/lib/pkgconfig pkg-config

FAULTTEST ?= $(faulttest__prefix)/bin/faulttest
FAULTTEST_RESULTS ?= build/faulttest/results.jsonl
FAULTTEST_CFLAGS := $(shell $(faulttest__pkg_config) --cflags faulttest)
FAULTTEST_LIBS := $(shell $(faulttest__pkg_config) --libs faulttest)
FAULTTEST_LIBS_COVERAGE := $(shell $(faulttest__pkg_config) --variable=libs_coverage faulttest)

# The programs may be listed behind this point, so they become prerequisites in a second make.
faulttest:
	$(if $(strip $(FAULTTESTS)),,$(error FAULTTESTS names no program to sweep))
	@$(MAKE) --no-print-directory -f $(faulttest__makefile) \
	    FAULTTESTS="$(FAULTTESTS)" faulttest-programs
	@mkdir -p $(dir $(FAULTTEST_RESULTS))
	$(FAULTTEST) run $(FAULTTEST_FLAGS) -o $(FAULTTEST_RESULTS) \
	    $(foreach program,$(FAULTTESTS),$(if $(findstring /,$(program)),,./)$(program))

faulttest-programs: $(FAULTTESTS)
	@:

.PHONY: faulttest faulttest-programs
.DEFAULT_GOAL := $(faulttest__goal)
