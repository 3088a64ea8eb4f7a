/* harness/command/instruction.c - how long x86-64 instructions are, and which are system calls.
 *
 * The two bytes of `syscall` also occur inside other instructions, in addresses and constants. So
 * code is walked instruction by instruction, for which only their lengths are needed. */
#include "harness/command/instruction.h"

#include <string.h>

enum { LONGEST = 15 };

struct form { bool modrm; unsigned immediate; bool known; };

struct prefixes { bool operand16, address32, wide; };

#define NONE ((struct form){ false, 0, true })
#define MODRM(n) ((struct form){ true, (n), true })
#define IMMEDIATE(n) ((struct form){ false, (n), true })
#define UNKNOWN ((struct form){ false, 0, false })

static bool among(uint8_t op, const char *list, size_t size)
{
    return memchr(list, op, size) != NULL;
}
#define AMONG(op, list) among((op), list, sizeof list - 1)

/* Opcodes behind 0F. */
static struct form two_bytes(uint8_t op)
{
    if (AMONG(op, "\x70\x71\x72\x73\xa4\xac\xba\xc2\xc4\xc5\xc6")) return MODRM(1);
    if ((op & 0xf0) == 0x80) return IMMEDIATE(4);
    if ((op >= 0x30 && op <= 0x37) || (op >= 0xc8 && op <= 0xcf)) return NONE;
    if (AMONG(op, "\x05\x06\x07\x08\x09\x0b\x0e\x77\xa0\xa1\xa2\xa8\xa9\xaa")) return NONE;
    if (AMONG(op, "\x04\x0a\x0c\x24\x25\x26\x27\x36\x39\x3b\x3c\x3d\x3e\x3f")) return UNKNOWN;
    return MODRM(0);
}

/* Those from 80 on, which follow no simple rule. `z`: bytes of an operand-sized immediate. */
static struct form upper_half(uint8_t op, uint8_t next, unsigned z, const struct prefixes *p)
{
    unsigned reg = next >> 3 & 7;
    if (AMONG(op, "\x80\x83\xc0\xc1\xc6")) return MODRM(1);
    if (op == 0x81 || op == 0xc7) return MODRM(z);
    if ((op >= 0x84 && op <= 0x8f) || (op >= 0xd0 && op <= 0xd3) || (op & 0xf8) == 0xd8)
        return MODRM(0);
    if (op >= 0xa0 && op <= 0xa3) return IMMEDIATE(p->address32 ? 4 : 8);
    if (op == 0xa8 || op == 0xcd || op == 0xeb || (op & 0xf8) == 0xe0) return IMMEDIATE(1);
    if (op == 0xa9) return IMMEDIATE(z);
    if (op >= 0xb0 && op <= 0xb7) return IMMEDIATE(1);
    if (op >= 0xb8 && op <= 0xbf) return IMMEDIATE(p->wide ? 8 : z);
    if (op == 0xc2 || op == 0xca) return IMMEDIATE(2);
    if (op == 0xc8) return IMMEDIATE(3);
    if (op == 0xe8 || op == 0xe9) return IMMEDIATE(4);
    if (op == 0xf6) return MODRM(reg < 2 ? 1 : 0);
    if (op == 0xf7) return MODRM(reg < 2 ? z : 0);
    if (op >= 0xfe) return MODRM(0);
    if (AMONG(op, "\x82\x9a\xc4\xc5\xce\xd4\xd5\xd6\xea\xf0\xf2\xf3")) return UNKNOWN;
    return NONE;
}

static struct form one_byte(uint8_t op, uint8_t next, const struct prefixes *p)
{
    unsigned z = p->operand16 ? 2 : 4;
    if (op < 0x40) {
        unsigned low = op & 7;
        return low < 4 ? MODRM(0) : low == 4 ? IMMEDIATE(1) : low == 5 ? IMMEDIATE(z) : UNKNOWN;
    }
    if (op >= 0x50 && op <= 0x5f) return NONE;
    if (op == 0x63) return MODRM(0);
    if (op == 0x68) return IMMEDIATE(z);
    if (op == 0x69) return MODRM(z);
    if (op == 0x6a || (op & 0xf0) == 0x70) return IMMEDIATE(1);
    if (op == 0x6b) return MODRM(1);
    if (op >= 0x6c && op <= 0x6f) return NONE;
    return op < 0x80 ? UNKNOWN : upper_half(op, next, z, p);
}

/* ModRM, SIB and displacement. */
static size_t address_size(const uint8_t *at, size_t left)
{
    unsigned mod, rm;
    size_t size = 1;
    if (!left) return LONGEST + 1;
    mod = at[0] >> 6;
    rm = at[0] & 7;
    if (mod == 3) return 1;
    if (rm == 4) {
        if (left < 2) return LONGEST + 1;
        size = 2;
        if (mod == 0 && (at[1] & 7) == 5) size += 4;
    } else if (mod == 0 && rm == 5) {
        size += 4;
    }
    return size + (mod == 1 ? 1 : mod == 2 ? 4 : 0);
}

/* Vector instructions: the bytes between the escape and the opcode say which table it is in. */
static size_t vector_prefix(const uint8_t *at, size_t left, struct form *form)
{
    size_t size = at[0] == 0xc5 ? 2 : at[0] == 0xc4 ? 3 : 4;
    unsigned map = size == 2 ? 1 : size == 3 ? at[1] & 0x1fu : at[1] & 7u;
    if (left <= size) return 0;
    *form = map == 3 ? MODRM(1) : map == 1 ? two_bytes(at[size]) : MODRM(0);
    if (map == 1 && at[size] != 0x77) form->modrm = true;
    return size + 1;
}

/* Prefixes of old; *at is the first byte behind them. */
static size_t old_prefixes(const uint8_t *code, size_t left, struct prefixes *p)
{
    size_t at = 0;
    while (at < left && AMONG(code[at], "\x66\x67\xf2\xf3\xf0\x2e\x36\x3e\x26\x64\x65")) {
        p->operand16 |= code[at] == 0x66;
        p->address32 |= code[at] == 0x67;
        at++;
    }
    if (at < left && (code[at] & 0xf0) == 0x40) p->wide = code[at++] & 8;
    return at;
}

size_t fit__instruction_size(const uint8_t *code, size_t left)
{
    struct prefixes p = { false, false, false };
    struct form form;
    size_t at;
    if (left > LONGEST) left = LONGEST;
    at = old_prefixes(code, left, &p);
    if (at + 1 > left) return 0;
    if (code[at] == 0xc4 || code[at] == 0xc5 || code[at] == 0x62) {
        size_t size = left - at > 1 ? vector_prefix(code + at, left - at, &form) : 0;
        if (!size) return 0;
        at += size;
    } else if (code[at] == 0x0f) {
        if (at + 2 > left) return 0;
        form = two_bytes(code[at + 1]);
        if (code[at + 1] == 0x38 || code[at + 1] == 0x3a) {
            form = MODRM(code[at + 1] == 0x3a ? 1 : 0);
            at++;
        }
        at += 2;
    } else {
        form = one_byte(code[at], at + 1 < left ? code[at + 1] : 0, &p);
        at++;
    }
    if (!form.known || at > left) return 0;
    if (form.modrm) at += address_size(code + at, left - at);
    at += form.immediate;
    return at <= left ? at : 0;
}

static size_t arm_call(const uint8_t *code, size_t size, size_t from)
{
    static const uint8_t svc[] = { 0x01, 0x00, 0x00, 0xd4 };
    for (size_t at = (from + 3) & ~(size_t)3; at + sizeof svc <= size; at += sizeof svc)
        if (memcmp(code + at, svc, sizeof svc) == 0) return at;
    return size;
}

size_t fit__system_call_in(const uint8_t *code, size_t size, size_t from, bool arm)
{
    size_t at = 0;
    if (arm) return arm_call(code, size, from);
    while (at < size) {
        size_t step = fit__instruction_size(code + at, size - at);
        bool call = at + 1 < size && code[at] == 0x0f &&
                    (code[at + 1] == 0x05 || code[at + 1] == 0x34);
        if (step == 2 && at + 1 < size && code[at] == 0xcd && code[at + 1] == 0x80) call = true;
        if (call && at >= from) return at;
        at += step ? step : 1;
    }
    return size;
}
