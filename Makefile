# Faulttest. `make help` says what there is; `make deps` installs what it needs on Debian 12.
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION  = 0.1
ifeq ($(origin CC),default)
CC       = gcc
endif

# Texts for people are cut at the size of their buffers on purpose: no -Wformat-truncation.
WARN      = -Wall -Wextra -Werror -Wno-format-truncation
OWN_CPP   = -D_GNU_SOURCE -U_FORTIFY_SOURCE -DFIT_VERSION='"$(VERSION)"' -I.
OWN_C     = -std=gnu11 -g -O2 $(WARN) -fno-omit-frame-pointer
LIB_C     = -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-builtin-malloc
TEST_C    = -std=gnu11 -D_GNU_SOURCE -g -O1 $(WARN) -I$(BUILD)/include -I.

# V=1 shows the commands.
ifeq ($(V),1)
say = @:
Q   =
else
say = @printf '  %-8s %s\n' $(1) $@
Q   = @
endif

LIB_SOURCES := $(wildcard fi/*.c harness/*.c harness/world/*.c harness/explore/*.c \
                          harness/judge/*.c harness/loops/*.c)
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/obj/%.o)
LIB         := $(BUILD)/libfaulttest.so
CMD_SOURCES := $(wildcard harness/command/*.c harness/report/*.c)
CMD_OBJECTS := $(CMD_SOURCES:%.c=$(BUILD)/obj/%.o)
# Not build/faulttest, which is where results go.
CMD         := $(BUILD)/bin/faulttest
HEADERS     := $(BUILD)/include/faulttest.h $(BUILD)/include/faulttest/point.h

# How a test program is linked: our library first, and never dropped because nothing refers to it.
LINK_US   = -rdynamic -L$(BUILD) -Wl,-rpath,$(abspath $(BUILD)) \
            -Wl,--no-as-needed -lfaulttest -Wl,--as-needed

all: $(LIB) $(CMD) $(HEADERS) $(BUILD)/thumbnail $(BUILD)/test_thumbnail

$(LIB): $(LIB_OBJECTS)
	$(call say,LINK)
	$(Q)$(CC) -shared -Wl,-z,now -Wl,-z,defs -Wl,-Bsymbolic-functions -Wl,-soname,libfaulttest.so \
	    -o $@ $^ -lfiu -lpthread -ldl

$(CMD): $(CMD_OBJECTS)
	$(call say,LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -ljansson -ldw -lelf

$(BUILD)/obj/harness/command/debugger.o: harness/command/gdb.py
$(BUILD)/obj/harness/command/covered.o: fi/passes_through.txt
$(LIB_OBJECTS): OWN_C += $(LIB_C)
# pthread_once is left by exceptions, and by threads that end in it.
$(BUILD)/obj/fi/wrap_key.o: OWN_C += -fexceptions
$(BUILD)/obj/%.o: %.c Makefile
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OWN_CPP) $(OWN_C) -MMD -MP -c -o $@ $<

$(BUILD)/include/faulttest.h: harness/faulttest.h
$(BUILD)/include/faulttest/point.h: fi/point.h
$(HEADERS):
	@mkdir -p $(@D)
	$(Q)cp $< $@

-include $(LIB_OBJECTS:.o=.d) $(CMD_OBJECTS:.o=.d)

include sample_services/thumbnail/thumbnail.mk
include tests/tests.mk

deps:
	sh ci/deps.sh

# The sample service under every fault, natively and under Memcheck.
faulttest: $(CMD) $(BUILD)/test_thumbnail
	$(Q)mkdir -p $(BUILD)/faulttest
	$(Q)$(CMD) run --valgrind=all -j 2 -o $(BUILD)/faulttest/results.jsonl $(BUILD)/test_thumbnail

bench: $(CMD) $(LIB) $(HEADERS)
	$(Q)sh tests/bench/run.sh $(BUILD)

lint:
	sh ci/check-arrows.sh
	sh ci/check-style.sh
	sh ci/lint.sh

dest = $(DESTDIR)$(abspath $(PREFIX))

install: $(LIB) $(CMD)
	install -d $(dest)/bin $(dest)/lib/pkgconfig $(dest)/include/faulttest $(dest)/share/faulttest
	install -m 755 $(CMD) $(dest)/bin/faulttest
	install -m 755 $(LIB) $(dest)/lib/libfaulttest.so
	install -m 644 harness/faulttest.h $(dest)/include/faulttest.h
	install -m 644 fi/point.h $(dest)/include/faulttest/point.h
	install -m 644 ci/faulttest.mk $(dest)/share/faulttest/faulttest.mk
	install -m 755 ci/slurm.sh $(dest)/share/faulttest/slurm.sh
	sed -e 's|@PREFIX@|$(abspath $(PREFIX))|' -e 's|@VERSION@|$(VERSION)|' ci/faulttest.pc.in \
	    > $(dest)/lib/pkgconfig/faulttest.pc
	chmod 644 $(dest)/lib/pkgconfig/faulttest.pc

clean:
	rm -rf $(BUILD)

help:
	@echo 'make deps            install what is needed (Debian 12 packages)'
	@echo 'make                 build the library, the command and the sample service'
	@echo 'make test            run the tests of Faulttest itself; ends with "N passed, M failed"'
	@echo 'make faulttest       the sample service under every fault, natively and under Memcheck'
	@echo 'make coverage        the same sweep, coverage per failure mode: build/coverage/index.html'
	@echo 'make bench           how fast it is, against what is possible'
	@echo 'make conformance     the simulated kernel against this Linux'
	@echo 'make libraries       programs of a dozen libraries, under every fault'
	@echo 'make differential    random calls on both, compared; SEED=1 CALLS=1000000'
	@echo 'make lint            style, include directions, clang-tidy, cppcheck'
	@echo 'make install         PREFIX=$(PREFIX) DESTDIR='
	@echo 'make clean           remove $(BUILD)/'

.PHONY: all deps faulttest coverage bench lint install clean help
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
