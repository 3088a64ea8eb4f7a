# Loaded into gdb by `faulttest replay --gdb`: stops where the fault is injected, in the frame of
# the code that suffers it, and knows the threads of the simulated kernel, which are none for gdb.
import os

import gdb

OURS = ("libfaulttest.so", "libfiu.so")
FRAMES_SHOWN = 12
# Where struct ucontext keeps what a switch of threads restores, by gdb's name of the architecture.
SAVED = {
    "i386:x86-64": {"rip": "gregs[16]", "rsp": "gregs[15]", "rbp": "gregs[10]", "rbx": "gregs[11]",
                    "r12": "gregs[4]", "r13": "gregs[5]", "r14": "gregs[6]", "r15": "gregs[7]"},
    "aarch64": {"pc": "pc", "sp": "sp", "x29": "regs[29]", "x30": "regs[30]"},
}


def is_ours(frame):
    library = gdb.solib_name(frame.pc()) or ""
    return any(name in library for name in OURS)


def others(frame):
    """The frames from this one outwards that are neither ours nor libfiu's."""
    while frame is not None:
        if not is_ours(frame):
            yield frame
        frame = frame.older()


def text(frame):
    """"act (multi.c:244)", or "libcurl.so.4" where nothing is known."""
    place = frame.find_sal()
    where = "%s:%d" % (os.path.basename(place.symtab.filename), place.line) if place.symtab \
        else os.path.basename(gdb.solib_name(frame.pc()) or "?")
    return "%s (%s)" % (frame.name(), where) if frame.name() else where


def show_stack():
    for number, frame in zip(range(FRAMES_SHOWN), others(gdb.newest_frame())):
        print("    #%d  %s" % (number, text(frame)))


def on_stop(event):
    """The frame that matters is the innermost one with source: who suffers the fault."""
    if not isinstance(event, gdb.BreakpointEvent) or fault not in event.breakpoints:
        return
    frames = list(others(gdb.newest_frame()))
    known = [frame for frame in frames if frame.find_sal().symtab]
    print("\nfaulttest: the fault is injected now, below %s"
          % (text(known[0]) if known else "the simulated kernel"))
    print("faulttest: `bt`, `up` and `step` as usual; `fit-threads` shows all threads of the test")
    if known:
        known[0].select()


class Threads(gdb.Command):
    """fit-threads: the threads of the test, by name, each with its call stack."""

    def __init__(self):
        super().__init__("fit-threads", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        try:
            thread = gdb.parse_and_eval("fit__thread_first()")
            current = int(gdb.parse_and_eval("(long)fit__current"))
        except gdb.error as error:
            raise gdb.GdbError("no threads of a test here: %s" % error)
        while int(thread) != 0:
            self.show(thread.dereference(), int(thread) == current)
            thread = thread["all"]["tqe_next"]

    def show(self, thread, running):
        what = "runs" if running else "waits in %s" % thread["waiting_for"].string() \
            if int(thread["waiting_for"]) else "is ready to run"
        if str(thread["state"]) == "FIT_T_ENDED":
            print("%s  has ended" % thread["name"].string())
            return
        print("%s  %s" % (thread["name"].string(), what))
        if running:
            show_stack()
            return
        gdb.newest_frame().select()
        names = SAVED[gdb.newest_frame().architecture().name()]
        kept = {name: int(gdb.parse_and_eval("(long)$%s" % name)) for name in names}
        try:
            for name, place in names.items():
                value = int(gdb.parse_and_eval("(long)((struct fit__thread *)%d)->context"
                                               ".uc_mcontext.%s" % (int(thread.address), place)))
                gdb.execute("set $%s = %d" % (name, value))
            show_stack()
        finally:
            for name, value in kept.items():
                gdb.execute("set $%s = %d" % (name, value))


gdb.execute("set breakpoint pending on")
fault = gdb.Breakpoint("fit_fault_here", internal=True)
fault.silent = True
Threads()
gdb.events.stop.connect(on_stop)
