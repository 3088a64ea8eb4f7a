/* harness/command/help.c - `faulttest help` and `faulttest explain`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/command/commands.h"
#include "harness/command/options.h"

static const char overview[] =
"Faulttest runs a test again for everything that can go wrong in it.\n"
"\n"
"  faulttest run TEST-BINARY...          try every case, print what was found\n"
"  faulttest merge PART.jsonl...         results of several runs become one\n"
"  faulttest replay 1                    finding 1 of the last run, on one screen\n"
"  faulttest replay TEST-BINARY CASE     any case\n"
"  faulttest minimise TEST-BINARY CASE   the smallest case that fails in the same way\n"
"  faulttest list TEST-BINARY [TEST]     tests, or the cases of one test\n"
"  faulttest doctor TEST-BINARY          what of it would go past Faulttest, before the first run\n"
"  faulttest diff-real TEST-BINARY       is the simulated kernel to blame? compare with the real\n"
"  faulttest explain WORD                what a verdict means, and what usually fixes it\n"
"  faulttest help TOPIC                  run scale accept list replay minimise doctor diff-real\n"
"                                        real cases pairs random modes verdicts determinism\n"
"                                        environment exit\n"
"  faulttest --version\n"
"\n"
"Start with: faulttest run ./your_test\n";

static const char help_run[] =
"faulttest run [OPTION...] TEST-BINARY...\n"
"\n"
"  -o FILE.jsonl        write the results as JSON Lines, one case a line\n"
"  --mode MODE,...      try only these modes, or all, or words such as peer-gone (help modes)\n"
"  --memory WHOSE,...   with mode memory, only what these allocate: service, library, framework\n"
"                       (libuv, libevent, libev, GLib); what libc does is a library's\n"
"  --extended           also faults that are rare, or that few services can be asked to bear\n"
"  --include-setup      things go wrong in the setup of tests, too (not in that of a group)\n"
"  --test NAME          only this test, NAME or GROUP.NAME; may be repeated\n"
"  --only CASE          only this case, TEST:FAULT; may be repeated\n"
"  --failed             only the cases that failed in the last run\n"
"  --valgrind[=WHEN]    under Memcheck, too: all (without =WHEN), failed (what failed or left\n"
"                       memory behind; the default if valgrind is installed), none\n"
"  -j N                 so many cases at once; default: one for each processor\n"
"  --pairs N            at most N cases of two faults for each test, natively; default 1000;\n"
"                       `no` for none (faulttest help pairs)\n"
"  --random N           and N runs of each test with two to four faults, natively; without it\n"
"                       what --time and --budget leave over goes there, `no` for none\n"
"  --seed S             what they are drawn from, 1 without it (faulttest help random)\n"
"  -v                   every finding with all its cases, and what the program printed\n"
"  --peer-thread GLOB   threads whose start routine has such a name ('server_*') are the other\n"
"                       side: nothing goes wrong in them, and what they keep is no leak; may\n"
"                       be repeated\n"
"  --budget N           at most N cases of each test, spread over its places (help scale)\n"
"  --time S             stop after S seconds, or 15m or 2h, and say what was not tried\n"
"  --case-time S        limit of one case; default: 2 s of processor time, 10 s by the clock\n"
"  --shard I/N          only the I-th of N parts; put together by `faulttest merge`\n"
"  --resume             go on from what a run left in FILE.jsonl that did not come to its end\n"
"  --accept FILE        findings in FILE pass (help accept); --write-known FILE writes them\n"
"  --fail-on unreached-mark   a FAULT_MARK that no case passes is a failure\n"
"  --world=real         over the real kernel, against real servers (faulttest help real)\n"
"  --coverage DIR       dump gcov counters into DIR/MODE; link the test with\n"
"                       -Wl,-u,__gcov_dump -Wl,-u,__gcov_reset -rdynamic\n"
"\n"
"Findings and summary go to standard output, progress to standard error. The results are also\n"
"kept in " FIT_LAST_RUN ", where `faulttest replay 1` looks. Ctrl-C keeps what was found.\n"
"On a terminal, findings are named as they come. A test may ask for its own --mode --extended\n"
"--budget --pairs --random --seed --case-time, by fit_options(); the command line wins.\n";

static const char help_scale[] =
"A sweep that is large: parted, limited, broken off, gone on with.\n"
"\n"
"Cases go to FILE.jsonl.partial as they come, so memory does not grow with their number;\n"
"FILE.jsonl appears at the end. The order of results, and every byte but the time, is the same\n"
"whatever -j.\n"
"\n"
"  broken off     Ctrl-C and SIGTERM write what was found and end with status 130. After a kill,\n"
"                 or a full disk, FILE.jsonl.partial has it. The same command with --resume goes\n"
"                 on, and ends with the results of an undisturbed run. Another build, version or\n"
"                 option is refused.\n"
"  --time S       stops after S seconds: status 0 or 1 by what was tried, 4 if nothing was. The\n"
"                 summary says how many cases were not tried; --resume goes on with them. Time\n"
"                 that pairs leave goes into random runs (help random), in rounds of all tests\n"
"                 of all programs; what was found is then shown behind the last one.\n"
"  --budget N     of each test that has more than N cases: of each kind of fault at each call\n"
"                 stack as many as fit, first, last and evenly between. Always the same ones. The\n"
"                 summary says \"25 of 467\". A test may ask for it by fit_options(). Of a test\n"
"                 that has fewer, pairs get half of the rest at most, random runs the others.\n"
"  --shard I/N    the cases whose name's hash is I: parts that need not know of each other. One\n"
"                 without any case passes. A pair is where its first fault is, so that more of\n"
"                 them may be looked at by Memcheck than in one run.\n"
"\n"
"  faulttest merge -o ALL.jsonl PART.jsonl...    all parts of a run, or runs of several programs:\n"
"                 what one run would have given, byte for byte but for the time, and its screen,\n"
"                 with its exit status. Missing and doubled parts, parts of another build,\n"
"                 version or option, and parts that did not end are refused (status 2).\n"
"\n"
"On one machine, with GNU parallel (but -j N does that, too):\n"
"  parallel faulttest run --shard {}/8 -j 1 -o part{}.jsonl ./test_x ::: 1 2 3 4 5 6 7 8\n"
"  faulttest merge -o all.jsonl part*.jsonl\n"
"On a cluster, with Slurm: PREFIX/share/faulttest/slurm.sh 64 results ./test_x\n"
"\n"
"The first line of a results file tells of the run, under the key \"run\": version, builds of the\n"
"programs, options, shard, complete, seconds.\n";

static const char help_accept[] =
"faulttest run --write-known known.cases TEST-BINARY...   writes the findings of today\n"
"faulttest run --accept known.cases TEST-BINARY...        these pass, new ones fail\n"
"\n"
"A known finding is a line of three words, which may be written by hand; # begins a comment:\n"
"\n"
"  VERDICT PROGRAM GROUP.TEST:FAULT      leak-fd test_x uploads.fetch:recv:in=on_readable:short\n"
"\n"
"FAULT is the name of a case without what unrelated edits move: `when=`, and the number behind\n"
"short=, return= and delay=. PROGRAM is the file name of the test binary. So a known leak stays\n"
"known when a message becomes longer or a loop runs once more, and the same leak in another\n"
"function, or another verdict at the same place, is new. What is known of a fault alone is known\n"
"of it together with others.\n"
"\n"
"The summary names the known findings that showed, and says \"fixed\" of those whose cases ran\n"
"and ended well, or are gone from a run that left nothing out. `faulttest merge` takes\n"
"both options.\n";

static const char help_list[] =
"faulttest list TEST-BINARY                     a line for each test\n"
"faulttest list TEST-BINARY TEST [--mode M,...] the cases of one test, one a line, for pipes\n"
"faulttest list --finding N                     the cases of finding N of the last run\n"
"\n"
"  faulttest list ./test_x uploads | grep socket | xargs -n1 faulttest replay ./test_x\n";

static const char help_replay[] =
"faulttest replay N                     finding N of the last run in this folder\n"
"faulttest replay TEST-BINARY CASE      any case, as printed by run and list\n"
"\n"
"  --trace       every simulated call, like strace, with virtual time and turn of the loop\n"
"  --gdb         inside gdb, which stops where the fault is injected; fit-threads shows all\n"
"                threads of the test, which are none of the kernel's\n"
"  --valgrind    under Memcheck; by itself for memory findings of the last run\n"
"  --peer-thread GLOB, --include-setup, --world=real   as in the sweep; known by itself for cases\n"
"                of the last run\n"
"\n"
"Exit status 0: the case is fine. 1: it fails. 125: it no longer fits the program, so that\n"
"`git bisect run faulttest replay ./test_x CASE` skips the commit.\n";

static const char help_doctor[] =
"faulttest doctor TEST-BINARY [--test NAME]   what goes past libfaulttest, and what to do\n"
"\n"
"  system calls   each test runs once without faults, and every system call that does not come\n"
"                 from libfaulttest is trapped, named with its caller, and let through\n"
"  definitions    for each file of the process: the functions that libfaulttest defines are\n"
"                 bound to it; no library whose callbacks it tries is linked in statically\n"
"  imports        functions of libc that the program or its libraries import and that are\n"
"                 neither simulated nor known to be harmless\n"
"  instructions   system call instructions in the program and in its own libraries\n"
"\n"
"\"ok\" is fine, \"!!\" goes past, a \"note\" is for information.\n"
"Exit status 0: nothing goes past. 1: something does. 2: wrong usage.\n";

static const char help_diff_real[] =
"faulttest diff-real TEST-BINARY [--test NAME]   both kernels, without faults, compared\n"
"\n"
"Each test runs in the simulated kernel and over the real one, and the first call that differs is\n"
"shown side by side. Calls are compared for each descriptor by itself, without time, numbers of\n"
"descriptors, ports that the kernel chose, and into how many pieces a stream falls.\n"
"Left out, since they are a matter of timing on either kernel: waits that succeed (how many there\n"
"are, and what each reports), EAGAIN and EINTR, an epoll_ctl that succeeds, clocks, and calls on\n"
"an eventfd or timerfd. So readiness that is wrong shows only by what the program does then: in\n"
"its reads, writes, waits that fail, and whether the test passes.\n"
"A test needs the simulated kernel, and is skipped, when it has a client, or a peer at another\n"
"address than 127.0.0.1 or localhost.\n"
"\n"
"Exit status 0: they agree. 1: some differ. 2: wrong usage. 4: nothing could be compared.\n";

static const char help_real[] =
"faulttest run --world=real TEST-BINARY       also list and replay\n"
"\n"
"The same cases and verdicts over the real kernel, for a test that talks to a server outside of\n"
"it: real sockets, files and time. The test runs twice without faults, which gives the names of\n"
"the cases; then each case is a run of the whole test, in a process copied before the test began,\n"
"and its fault comes at the question of that name. A run that never asks it is not-fired. So the\n"
"test must leave the server as it found it. One case at a time, unless -j says otherwise.\n"
"\n"
"  really made    errors of calls that make descriptors, a full table of descriptors, short\n"
"                 reads and writes, EAGAIN, a refused connection (to a port without listener),\n"
"                 a reset (RST is sent), the end of what the other side sends, names that do\n"
"                 not exist, callbacks, cancel\n"
"  left out       silence, delays, timers before data: the server is not ours to stop; order of\n"
"                 events, and cancel in the middle of a wait: real runs differ in that anyway\n"
"  hang           a case that is not done after 10 s; here that is a limit, not a proof\n"
"  processes      fork, posix_spawn, system and popen work. What the test starts runs beside the\n"
"                 sweep, without faults and without record; one that nobody has waited for at\n"
"                 the end is a leak-handle (\"child process\"), and is ended with its case\n"
"\n"
"Connections made in a group's setup are shared by all cases: make them in the test's own setup.\n";

static const char help_cases[] =
"A case is one word that every shell passes unchanged:\n"
"\n"
"  TEST:POINT[:in=F][:on=O][:at=P][:op=W][:after=F][:WHAT][:when=N][:until=U]\n"
"\n"
"  POINT   a libc function (recv, socket, connect, ...), a callback, peer, client, thread, point,\n"
"          raise, cancel, shutdown, signal, handler (of a signal, behind a call), clock\n"
"  in=     function on the call stack, innermost first: in=net_connect/fetch_start\n"
"  on=     object: origin.test/80, listener/8080, /etc/hosts      at=  name of a FAULT_POINT\n"
"          of a signal its name, of a clock realtime (set) or monotonic (nobody ran that long)\n"
"  at=end  of a callback, or of a cancel there: when it is done, and not when it begins\n"
"  op=     operation: download.2                  after=  the callback that ran last before\n"
"  WHAT    error=ECONNRESET  short=1  return=-1  delay=30s  eof  silent  never  raise  early\n"
"          peer, client: the other side says nothing more (silent), or hangs up (eof, error=)\n"
"          signal: comes to the wait; clock: delay= is how far it is set, or how long nobody ran\n"
"          thread: which of the threads that could run does, where one blocks or ends\n"
"          order=2-1: the second first; order=2: the others only when asked again\n"
"          thread=2: the second of the threads that could run, or of those that waited; thread=1\n"
"          behind pthread_create and its like: another thread runs at once\n"
"          timers-first  spurious\n"
"          of a wait: early, timers-first, late: the data comes just before, at, after its time;\n"
"          spurious with on=: nothing is there to read; with when=2+ from there on: short=1, one\n"
"          new thing at a time; order=2, the second always before all others\n"
"          twice: a datagram; twice, again (a turn later), late (after the outcome): a cancel\n"
"  when=   the how-manieth time at this very place: 2, 3+, 2..4; without it the first\n"
"  until=  how long it lasts: close, free, or any time: 500ms, 2s\n"
"\n"
"  uploads:recv:in=on_readable:short=1:when=2     the 2nd recv there gives 1 byte\n"
"  uploads:socket:in=net_connect:error=EMFILE:until=close\n"
"  uploads:cancel:op=download.1:after=on_read     cancelled right after the first on_read\n"
"  uploads:cancel:in=epoll_wait:op=download.1:after=on_read    halfway through the wait after it\n"
"  uploads:epoll_wait:after=on_connected:order=2-1\n"
"  uploads:malloc:in=libcurl/curl_easy_init:error=ENOMEM:when=2+   no more memory from there on\n"
"  uploads:signal:on=SIGTERM:after=on_read        interrupts the wait; `early`: comes before it\n"
"  uploads:clock:on=realtime:after=on_read:delay=-3600s            set back by an hour\n"
"  uploads:uv_timer_cb:in=on_timer:delay=10s      it comes late; `at=end`: it takes that long\n"
"\n"
"Several faults, up to four, are parted by commas, in order of time. The words of a further fault\n"
"are looked for among what is asked after the fault before it, and its when= counts from there.\n"
"  uploads:recv:in=on_readable:eof,cancel:op=upload.1:after=on_retry\n"
"\n"
"No line number, address or global count is in a name, so it survives unrelated edits.\n";

static const char help_minimise[] =
"faulttest minimise TEST-BINARY CASE    the smallest case with the same verdict at the same site\n"
"\n"
"Leaves out one fault after the other, then tries faults that stand further in front at the same\n"
"question (faulttest list), and prints the name of what still fails. `faulttest run` does so by\n"
"itself with the first case of each finding of several faults.\n"
"\n"
"  --valgrind    under Memcheck: for leak-memory and memory-error\n"
"  --peer-thread GLOB, --include-setup, --world=real   as in the sweep\n"
"\n"
"Exit status 0: the case is printed. 4: it does not fail. 125: it does not fit the program.\n";

static const char help_pairs[] =
"After all cases of one fault, `faulttest run` tries cases of two: a fault while the first is\n"
"cleaned up, a fault and then a cancel, a cancel and then a fault. A run with the first fault is\n"
"copied at each of the next 64 questions, once for each second fault.\n"
"\n"
"  --pairs N     at most so many for each test, 1000 without it; --pairs no: none\n"
"\n"
"Left out, and counted in the line `pairs`: a first fault that fails alone; of faults that differ\n"
"only in when they come, in how long they last or in the number of bytes, all but one; and what\n"
"the limit has no room for: each first fault has an equal share of it, spent on as many places as\n"
"possible, the nearest first. What is tried is the same in each run, however many run at once.\n"
"A pair that fails as one fault alone does is no new finding. Under Memcheck only those run that\n"
"failed, and some that left memory behind; over the real kernel none do.\n"
"\n"
"Two faults can have used up a service's attempts, so that something else is the cause of its\n"
"failure: with several faults no cause is demanded (fit_require_details).\n";

static const char help_random[] =
"faulttest run --random N [--seed S] TEST-BINARY\n"
"\n"
"After cases of one fault and pairs, N runs of each test with two to four faults; with --time or\n"
"--budget, and without --random, as many as these leave room for. The same seed\n"
"gives the same cases in the same order, however many run at once. Each has at least two faults,\n"
"if the test asks anything behind the first; the line `random` says how many were cases that\n"
"nothing else had tried. In turn they draw\n"
"\n"
"  evenly       any fault, at any question\n"
"  swarm        the same, of half of the modes\n"
"  burst        a first fault anywhere, and more while it is handled\n"
"  delays       silence, delays, answers that never come, timers before data\n"
"  priorities   a few changes of what runs or is told next; a thread may from then on run only\n"
"               when no other can (mode order)\n"
"  starvation   one peer, descriptor or thread, drawn once, gets nothing, little, or late\n"
"  again        the same fault at the same place, each time or every other time\n"
"\n"
"Near questions are drawn more often than far ones: many runs end soon after a fault. A strategy\n"
"that can do nothing in a test gives way to the first.\n"
"\n"
"What they find is a case of named faults, made smaller like a pair: it needs no seed to replay.\n";

static const char help_determinism[] =
"Every case is a run of the same test that differs in one answer, so two runs without faults\n"
"must be equal in every simulated call. If they are not, nothing is swept. Usual causes:\n"
"\n"
"  addresses in data     a pointer printed with %p, or used as a hash key or sort key:\n"
"                        use an index or a name\n"
"  uninitialised memory  struct padding or an unset field that is sent or compared:\n"
"                        run the plain test under Valgrind first\n"
"  time without libc     rdtsc, or the vdso called directly: use clock_gettime()\n"
"  randomness            RDRAND, or a seed from somewhere that is not simulated: use\n"
"                        getrandom(), /dev/urandom or srand() with a fixed seed\n"
"  state between runs    a static variable or cache that the first run leaves filled:\n"
"                        reset it in the test's setup\n";

static const char help_environment[] =
"The test binary is always started the same way, so that equal runs are equal: no arguments,\n"
"standard input /dev/null, 8 MiB of stack, 1024 descriptors, address randomisation off where the\n"
"system allows it. Its environment holds LANG=C, LC_ALL=C, TZ=UTC, FAULTTEST_CONTROL, LD_PRELOAD\n"
"with libfaulttest.so for a program that is not linked with it, ASAN_OPTIONS with\n"
"symbolize=0:detect_leaks=0 in front of yours, and if set\n"
"GCOV_PREFIX GCOV_PREFIX_STRIP HOME LD_LIBRARY_PATH LSAN_OPTIONS PATH TMPDIR\n"
"TSAN_OPTIONS UBSAN_OPTIONS VALGRIND_LIB and automake's srcdir and builddir variables; nothing\n"
"else.\n"
"\n"
"The command itself heeds NO_COLOR and TERM=dumb.\n";

static const char help_exit[] =
"   0  cases ran, nothing failed\n"
"   1  findings, or a fault that did not fire; --fail-on: a mark that no case passed\n"
"   2  wrong usage, unknown mode, case that does not parse\n"
"   3  everything passed, but some test is unsupported\n"
"   4  nothing ran (empty, broken test, not deterministic)\n"
"  70  Faulttest itself failed: please report\n"
" 125  replay, minimise: the case no longer fits (so that git bisect run skips)\n"
" 130  interrupted; what was found is kept, and --resume goes on\n"
"--time and --budget do not change them: what was tried decides.\n";

static void help_modes(void)
{
    char *usual = fit__mode_list(true, ", ");
    char *head = fit__print("What goes wrong, for --mode; without it these are tried: %s", usual);
    fit__wrap(stdout, "", head);
    printf("\n");
    free(head);
    free(usual);
    for (size_t i = 0; fit__mode_at(i); i++)
        printf("  %-9s %s\n", fit__mode_at(i)->name, fit__mode_at(i)->meaning);
    printf("\nWords for some cases of some modes, which may stand beside modes:\n\n");
    for (size_t i = 0; fit__preset_at(i); i++) {
        const struct fit__preset *preset = fit__preset_at(i);
        char *line = fit__print("  %-17s ", preset->name);
        char *text = fit__print("%s: %s", preset->meaning, preset->selectors);
        fit__wrap(stdout, line, text);
        free(line);
        free(text);
    }
}

static void help_verdicts(void)
{
    static const char *const headings[] = {
        [FIT_FINDING] = "Findings, most serious first: the product's fault",
        [FIT_NO_RESULT] = "No result: never a pass", [FIT_OUTCOME] = "Outcomes: all is well",
    };
    for (int family = 0; family < FIT_FAMILIES; family++) {
        printf("%s%s\n", family ? "\n" : "", headings[family]);
        for (size_t i = 0; fit__verdict_at(i); i++)
            if ((int)fit__verdict_at(i)->family == family)
                printf("  %s\n", fit__verdict_at(i)->name);
    }
    printf("\nEach in one paragraph: faulttest explain WORD\n");
}

static const struct { const char *name, *text; void (*print)(void); } topics[] = {
    { "run", help_run, NULL }, { "scale", help_scale, NULL }, { "merge", help_scale, NULL },
    { "accept", help_accept, NULL }, { "list", help_list, NULL }, { "replay", help_replay, NULL },
    { "doctor", help_doctor, NULL }, { "diff-real", help_diff_real, NULL },
    { "real", help_real, NULL },
    { "minimise", help_minimise, NULL }, { "pairs", help_pairs, NULL },
    { "random", help_random, NULL },
    { "cases", help_cases, NULL }, { "modes", NULL, help_modes },
    { "verdicts", NULL, help_verdicts }, { "explain", NULL, help_verdicts },
    { "determinism", help_determinism, NULL }, { "environment", help_environment, NULL },
    { "exit", help_exit, NULL },
};
enum { TOPICS = sizeof topics / sizeof topics[0] };

int fit__command_help(int count, char **arguments)
{
    const char *names[TOPICS + 1] = { 0 };
    if (count < 2) {
        fputs(overview, stdout);
        return FIT_X_OK;
    }
    for (size_t i = 0; i < TOPICS; i++) {
        names[i] = topics[i].name;
        if (strcmp(topics[i].name, arguments[1]) != 0)
            continue;
        if (topics[i].print)
            topics[i].print();
        else
            fputs(topics[i].text, stdout);
        return FIT_X_OK;
    }
    const char *meant = fit__suggestion(arguments[1], names);
    return fit__fail_with(FIT_X_USAGE, meant
        ? fit__print("no help on '%s'; did you mean '%s'?", arguments[1], meant)
        : fit__print("no help on '%s'; topics: run scale accept list replay minimise doctor "
                     "diff-real real cases pairs random modes verdicts determinism environment "
                     "exit", arguments[1]));
}

static int explain_mode(const char *word)
{
    for (size_t i = 0; fit__mode_at(i); i++)
        if (strcmp(fit__mode_at(i)->name, word) == 0) {
            printf("%s (a mode): %s\n", word, fit__mode_at(i)->meaning);
            return FIT_X_OK;
        }
    for (size_t i = 0; fit__preset_at(i); i++)
        if (strcmp(fit__preset_at(i)->name, word) == 0) {
            printf("%s (for --mode): %s\n", word, fit__preset_at(i)->meaning);
            return FIT_X_OK;
        }
    return FIT_X_USAGE;
}

int fit__command_explain(int count, char **arguments)
{
    const char *names[64] = { 0 };
    if (count != 2)
        return fit__fail_with(FIT_X_USAGE, fit__copy("explain which word? They are listed by "
                                                     "`faulttest help verdicts`"));
    for (size_t i = 0; fit__verdict_at(i) && i < 63; i++) {
        const struct fit__verdict *verdict = fit__verdict_at(i);
        names[i] = verdict->name;
        if (strcmp(verdict->name, arguments[1]) != 0)
            continue;
        char *head = fit__print("%-12s  ", verdict->name);
        fit__wrap(stdout, head, verdict->meaning);
        fit__wrap(stdout, "usual fix     ", verdict->fix);
        return FIT_X_OK;
    }
    if (explain_mode(arguments[1]) == FIT_X_OK)
        return FIT_X_OK;
    const char *meant = fit__suggestion(arguments[1], names);
    return fit__fail_with(FIT_X_USAGE, meant
        ? fit__print("unknown word '%s'; did you mean '%s'?", arguments[1], meant)
        : fit__print("unknown word '%s'; the words: faulttest help verdicts", arguments[1]));
}
