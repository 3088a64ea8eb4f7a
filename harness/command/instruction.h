/* harness/command/instruction.h - finds system call instructions in machine code. */
#ifndef HARNESS_COMMAND_INSTRUCTION_H
#define HARNESS_COMMAND_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the x86-64 instruction at `code`, of which `left` are there; 0: none that is known. */
size_t fit__instruction_size(const uint8_t *code, size_t left);

/* The offset of the first system call instruction in `code` at `from` or behind, or `size`. `code`
 * must begin with an instruction. `arm`: the code is for aarch64, not x86-64. */
size_t fit__system_call_in(const uint8_t *code, size_t size, size_t from, bool arm);

#endif
