# Faulttest's own tests.

# The picture that the tests of the sample service use is made, not kept.
$(BUILD)/make_image: tests/services/make_image.c
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_C) -o $@ $< -lgd

$(BUILD)/generated/image.h: $(BUILD)/make_image
	@mkdir -p $(@D)
	$(Q)$< array > $@

$(BUILD)/thumb-test/test_thumbnail.o: tests/services/test_thumbnail.c $(BUILD)/generated/image.h \
                                      $(HEADERS)
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_C) -I$(BUILD)/generated $(THUMB_EXTRA) -c -o $@ $<

$(BUILD)/test_thumbnail: $(THUMB_TEST) $(BUILD)/thumb-test/test_thumbnail.o $(LIB)
	$(call say,LINK)
	$(Q)$(CC) $(THUMB_EXTRA) -o $@ $(filter %.o,$^) $(LINK_US) -lcmocka $(THUMB_LIBS)

# The service with coverage counters; no optimisation, so that every line counts.
COV_OBJECTS := $(THUMB_SOURCES:%.c=$(BUILD)/coverage/obj/%.o)
$(BUILD)/coverage/obj/%.o: %.c
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(THUMB_C) -O0 -DFAULTTEST --coverage -c -o $@ $(abspath $<)

$(BUILD)/coverage/test_thumbnail: $(COV_OBJECTS) $(BUILD)/thumb-test/test_thumbnail.o $(LIB)
	$(call say,LINK)
	$(Q)$(CC) --coverage -o $@ $(filter %.o,$^) -Wl,-u,__gcov_dump -Wl,-u,__gcov_reset \
	    $(LINK_US) -lcmocka $(THUMB_LIBS)

coverage: $(CMD) $(BUILD)/coverage/test_thumbnail
	$(Q)sh ci/coverage.sh $(CMD) $(BUILD)/coverage $(BUILD)/coverage/test_thumbnail

# Unit tests are linked with the objects that they test: the library hides its symbols.
UNIT := test_case test_symbols test_loops test_uv_callbacks test_curl_callbacks test_event_run \
        test_sched test_world test_files test_file_faults test_wrap test_wrap_faults
UNIT += test_ev_run test_glib_run test_names test_links test_events test_catalogue test_outer
UNIT_BINARIES := $(UNIT:%=$(BUILD)/unit/%)
unit_objects = $(patsubst %,$(BUILD)/obj/%.o,$(1))

LOOPS = $(wildcard harness/loops/*.c)
$(BUILD)/unit/test_case: $(call unit_objects,fi/case fi/case_parse fi/codes fi/arena)
$(BUILD)/unit/test_symbols: $(call unit_objects,fi/symbols fi/elf fi/stack fi/arena)
$(BUILD)/unit/test_loops $(BUILD)/unit/test_uv_callbacks $(BUILD)/unit/test_curl_callbacks \
$(BUILD)/unit/test_event_run $(BUILD)/unit/test_ev_run $(BUILD)/unit/test_glib_run: $(LOOPS:%.c=$(BUILD)/obj/%.o) \
    $(call unit_objects,fi/arena fi/catalogue fi/calls fi/guard fi/engine fi/trace fi/symbols fi/elf)

$(BUILD)/unit/test_sched $(BUILD)/unit/test_world $(BUILD)/unit/test_files $(BUILD)/unit/test_file_faults \
$(BUILD)/unit/test_names $(BUILD)/unit/test_links $(BUILD)/unit/test_events \
$(BUILD)/unit/test_catalogue $(BUILD)/unit/test_outer: $(LIB_OBJECTS)
WRAPPERS = cancel change child desc dir disk epoll file futex host inotify io map memory message name path poll process socket \
           signal splice stdio syscall temp time
$(BUILD)/unit/test_wrap $(BUILD)/unit/test_wrap_faults: $(call unit_objects, \
    $(addprefix fi/,allocate arena calls catalogue elf engine fault fault_file flags guard kernel_real symbols trace \
    wait wrap) \
    $(WRAPPERS:%=fi/wrap_%))

$(BUILD)/unit/test_catalogue: UNIT_LIBS = -DLISTS='"$(abspath tests/unit/catalogue)"'

# A program that answers the command with records from a script.
$(BUILD)/unit/fake_binary: tests/unit/fake_binary.c
	$(call say,LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_C) -o $@ $<

$(BUILD)/unit/test_ev_run: UNIT_LIBS = -lev
$(BUILD)/unit/test_glib_run: UNIT_LIBS = $(shell pkg-config --cflags --libs glib-2.0)
$(UNIT_BINARIES): $(BUILD)/unit/%: tests/unit/%.c
	$(call say,LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_C) -O2 -rdynamic -o $@ $(filter %.c %.o,$^) -lcmocka -luv -lcurl -levent -lfiu \
	    $(UNIT_LIBS)

# The same calls on this Linux and in the simulated kernel. Exceptions, for clean-up handlers.
LATE := $(BUILD)/late_dynamic.so $(BUILD)/late_initial.so
$(BUILD)/late_dynamic.so: LATE_C = -ftls-model=global-dynamic
$(BUILD)/late_initial.so: LATE_C = -ftls-model=initial-exec
$(LATE): tests/conformance/late/late.c
	$(call say,LINK)
	$(Q)$(CC) $(TEST_C) $(LATE_C) -fPIC -shared -o $@ $<

$(BUILD)/conformance: $(wildcard tests/conformance/*.c tests/conformance/*.h) $(LIB_OBJECTS) $(LATE)
	$(call say,LINK)
	$(Q)$(CC) $(TEST_C) -DLATE='"$(abspath $(BUILD))"' -fexceptions -O2 -rdynamic -o $@ \
	    $(filter %.c %.o,$^) -lfiu

conformance: $(BUILD)/conformance
	$(Q)$(BUILD)/conformance

# Libraries as Debian ships them, used as their users do; `make libraries SHORT=1`: natively only;
# SANITIZE=1: programs built with -fsanitize=address,undefined.
libraries: all
	$(Q)sh tests/libraries/run.sh $(if $(SANITIZE),--sanitize,$(if $(SHORT),--short)) $(BUILD)

# Random sequences of calls on both kernels: make differential SEED=s CALLS=n.
SEED  ?= 1
CALLS ?= 1000000
$(BUILD)/differential: $(wildcard tests/differential/*.c) tests/differential/differential.h \
                       tests/conformance/known.h $(LIB_OBJECTS)
	$(call say,LINK)
	$(Q)$(CC) $(TEST_C) -O2 -rdynamic -o $@ $(filter %.c %.o,$^) -lfiu

differential: $(BUILD)/differential
	$(Q)$(BUILD)/differential $(SEED) $(CALLS)

test: all $(UNIT_BINARIES) $(BUILD)/unit/fake_binary $(BUILD)/conformance \
      $(BUILD)/differential
	$(Q)sh tests/run.sh $(BUILD)

.PHONY: test conformance differential libraries
