/* The run without faults: what it leaves behind is the measure for every case, and what is wrong in
 * it already is reported once, as TEST:none. */
#include <stdio.h>
#include <string.h>

#include "harness/judge/judge.h"
#include "harness/loops/loops.h"
#include "harness/marks.h"

static void add_finding(struct fit__reference *r, const struct fit__finding *f)
{
    if (r->finding_count < FIT_FINDINGS_MAX) r->findings[r->finding_count++] = *f;
}

void fit__judge_reference(struct fit__reference *r)
{
    struct fit__finding f;
    fit__marks_count();
    r->op_count = fit__ops_census(r->ops, FIT_OPS_MAX);
    r->left_count = fit__memory_census(r->left, FIT_LEFT_MAX);
    r->left_fd_count = fit__fds_census(r->left_fds, FIT_LEFT_MAX);
    r->left_handle_count = fit__handles_census(r->left_handles, FIT_CENSUS_MAX);
    r->errors = fit__memcheck_errors();
    fit__sched_hide_dead_stacks();
    r->lost_bytes = fit__memcheck_lost();
    if (fit__slow_blocks()) add_finding(r, fit__slow_blocks());
    if (fit__judge_bad_close()) add_finding(r, fit__judge_bad_close());
    if (fit__fds_left_by_user(&f)) add_finding(r, &f);
    if (fit__uv_busy_closes() && r->left_handle_count) {
        fit__finding_make(&f, "leak-handle", r->left_handles[0].type,
                          "uv_loop_close() answered UV_EBUSY: %s x %u still there",
                          r->left_handles[0].type, r->left_handles[0].count);
        add_finding(r, &f);
    }
    for (unsigned i = 0; i < r->op_count; i++) {
        if (r->ops[i].state != FIT_OP_WAITING) continue;
        fit__finding_make(&f, "callback-lost", r->ops[i].name,
                          "%s had been told nothing when the test ended", r->ops[i].name);
        add_finding(r, &f);
    }
    if (r->errors && fit__memcheck_finding(r->pid, 0, &f, r->text, sizeof r->text))
        add_finding(r, &f);
    if (r->lost_bytes) {
        fit__finding_make(&f, "leak-memory", "memcheck",
                          "%zu bytes lost at the end of the test, by Memcheck", r->lost_bytes);
        add_finding(r, &f);
    }
}

static void send_finding(const struct fit__test *test, const struct fit__reference *r,
                         const struct fit__finding *f)
{
    char memory[12000];
    struct fit__record rec;
    fit__record_begin(&rec, memory, sizeof memory, "case");
    fit__record_add(&rec, "test", "%s.%s", test->group, test->name);
    fit__record_add(&rec, "case", "none");
    fit__record_add(&rec, "mode", "none");
    fit__record_add(&rec, "seq", "0");
    fit__record_add(&rec, "verdict", "%s", f->verdict);
    fit__record_add(&rec, "valgrind", "%d", fit__session.orders.memcheck);
    fit__record_add(&rec, "fault", "none: this is the run without faults");
    fit__record_add(&rec, "symptom", "%s", f->symptom);
    fit__record_add(&rec, "site", "%s", f->site);
    if (!strcmp(f->verdict, "memory-error"))
        fit__record_add(&rec, "memcheck", "%s", r->text);
    fit__record_add(&rec, "virtual_ns", "%lld", (long long)r->ns);
    fit__record_stack(&rec, "symptom.stack", f->frames, f->depth);
    fit__record_send(&rec);
}

void fit__judge_send_findings(const struct fit__test *test, const struct fit__reference *r)
{
    for (unsigned i = 0; i < r->finding_count; i++) send_finding(test, r, &r->findings[i]);
}

void fit__judge_send_none(const struct fit__test *test, const struct fit__reference *r)
{
    static const struct fit__finding nothing = { .verdict = "unaffected", .symptom = "" };
    send_finding(test, r, r->finding_count ? &r->findings[0] : &nothing);
}
