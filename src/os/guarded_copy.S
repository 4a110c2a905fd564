// SPDX-License-Identifier: MIT
// The accesses of os/guarded_copy.h. A fault between ring3_guarded_begin and ring3_guarded_end (fault_handler.cpp) continues at
// ring3_guarded_fault with the faulting address in %rax: nothing is pushed in between, so that it can simply return.
        .text
        .hidden ring3_guarded_begin, ring3_guarded_end, ring3_guarded_fault
        .globl ring3_guarded_begin, ring3_guarded_end, ring3_guarded_fault

.macro ENTRY name
        .hidden \name
        .globl \name
        .type \name, @function
        .p2align 4
\name:
        .cfi_startproc
.endm
.macro END name
        .cfi_endproc
        .size \name, . - \name
.endm

ring3_guarded_begin:

// bool ring3_guarded_copy(void* destination, const void* source, size_t byte_count, uintptr_t* fault_address)
// Low to high, never a byte outside: %rcx is kept for the fault.
ENTRY ring3_guarded_copy
        movq %rcx, %r9
        cmpq $512, %rdx
        ja 8f
        cmpq $32, %rdx
        jb 2f
1:      movups (%rsi), %xmm0
        movups 16(%rsi), %xmm1
        movups %xmm0, (%rdi)
        movups %xmm1, 16(%rdi)
        addq $32, %rsi
        addq $32, %rdi
        subq $32, %rdx
        cmpq $32, %rdx
        jae 1b
2:      testb $16, %dl
        je 3f
        movups (%rsi), %xmm0
        movups %xmm0, (%rdi)
        addq $16, %rsi
        addq $16, %rdi
3:      testb $8, %dl
        je 4f
        movq (%rsi), %rax
        movq %rax, (%rdi)
        addq $8, %rsi
        addq $8, %rdi
4:      testb $4, %dl
        je 5f
        movl (%rsi), %eax
        movl %eax, (%rdi)
        addq $4, %rsi
        addq $4, %rdi
5:      testb $2, %dl
        je 6f
        movzwl (%rsi), %eax
        movw %ax, (%rdi)
        addq $2, %rsi
        addq $2, %rdi
6:      testb $1, %dl
        je 7f
        movzbl (%rsi), %eax
        movb %al, (%rdi)
7:      movl $1, %eax
        ret
8:      movq %rdx, %rcx
        cld
        rep movsb
        movl $1, %eax
        ret
END ring3_guarded_copy

// bool ring3_guarded_fill(void* destination, int value, size_t byte_count, uintptr_t* fault_address)
ENTRY ring3_guarded_fill
        movq %rcx, %r9
        movq %rdx, %rcx
        movl %esi, %eax
        cld
        rep stosb
        movl $1, %eax
        ret
END ring3_guarded_fill

// bool ring3_guarded_read_byte(const void* address, uint8_t* value)
ENTRY ring3_guarded_read_byte
        xorl %r9d, %r9d
        movzbl (%rdi), %eax
        movb %al, (%rsi)
        movl $1, %eax
        ret
END ring3_guarded_read_byte

// bool ring3_guarded_probe_write_byte(void* address)
ENTRY ring3_guarded_probe_write_byte
        xorl %r9d, %r9d
        lock orb $0, (%rdi)
        movl $1, %eax
        ret
END ring3_guarded_probe_write_byte

ring3_guarded_end:

ring3_guarded_fault:
        .cfi_startproc
        testq %r9, %r9
        je 1f
        movq %rax, (%r9)
1:      xorl %eax, %eax
        ret
        .cfi_endproc

        .section .note.GNU-stack, "", @progbits
