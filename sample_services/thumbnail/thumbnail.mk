# The sample service: for real (build/thumbnail), and its parts for the test.
THUMB_SOURCES := $(filter-out %/main.c,$(wildcard sample_services/thumbnail/*.c))
THUMB_OBJECTS := $(THUMB_SOURCES:%.c=$(BUILD)/thumb/%.o)
THUMB_TEST    := $(THUMB_SOURCES:%.c=$(BUILD)/thumb-test/%.o)
THUMB_C        = -std=gnu11 -D_GNU_SOURCE -g $(WARN) -I.
THUMB_LIBS     = -luv -lcurl -lgd

$(BUILD)/thumb/%.o: %.c
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(THUMB_C) -O2 -MMD -MP -c -o $@ $<

# With the fault points, and so that no function loses its name by inlining.
$(BUILD)/thumb-test/%.o: %.c
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(THUMB_C) -O1 -DFAULTTEST $(THUMB_EXTRA) -MMD -MP -c -o $@ $<

$(BUILD)/thumbnail: $(THUMB_OBJECTS) $(BUILD)/thumb/sample_services/thumbnail/main.o
	$(call say,LINK)
	$(Q)$(CC) -rdynamic -o $@ $^ $(THUMB_LIBS)

-include $(THUMB_OBJECTS:.o=.d) $(THUMB_TEST:.o=.d)
