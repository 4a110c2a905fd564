// SPDX-License-Identifier: MIT
// The moves between a function with __try, its finally bodies and the dispatcher. Offsets: seh_frame.h, nt_exception.h.
        .text

#define FRAME_CODE 0
#define FRAME_ABNORMAL 4
#define FRAME_INFO 8
#define FRAME_PREVIOUS 16
#define FRAME_IS_FINALLY 24
#define FRAME_STATE 28
#define FRAME_ENTER 32
#define FRAME_MXCSR 96
#define FRAME_X87 100
#define FRAME_LANDING 102
#define FRAME_LEAVE 104
#define FRAME_JUMP_BUFFER 168
#define R_RBX 0
#define R_RBP 8
#define R_R12 16
#define R_R13 24
#define R_R14 32
#define R_R15 40
#define R_RSP 48
#define R_RIP 56
#define STATE_BODY 0
#define STATE_FINALLY_LOCAL 3
#define STATE_FINALLY_UNWIND 4
#define STATE_DONE 5

#define CX_FLAGS 0x30
#define CX_MXCSR 0x34
#define CX_CS 0x38
#define CX_SS 0x42
#define CX_EFLAGS 0x44
#define CX_RAX 0x78
#define CX_RCX 0x80
#define CX_RDX 0x88
#define CX_RBX 0x90
#define CX_RSP 0x98
#define CX_RBP 0xa0
#define CX_RSI 0xa8
#define CX_RDI 0xb0
#define CX_R8 0xb8
#define CX_R9 0xc0
#define CX_R10 0xc8
#define CX_R11 0xd0
#define CX_R12 0xd8
#define CX_R13 0xe0
#define CX_R14 0xe8
#define CX_R15 0xf0
#define CX_RIP 0xf8
#define CX_FXSAVE 0x100
#define CX_SIZE 0x4d0
#define CONTEXT_FULL_AND_SEGMENTS 0x10000f

.macro ENTRY name
        .globl \name
        .type \name, @function
        .p2align 4
\name:
        .cfi_startproc
.endm
.macro HIDDEN_ENTRY name
        .hidden \name
        ENTRY \name
.endm
.macro END name
        .cfi_endproc
        .size \name, . - \name
.endm

// Callee-saved registers of the caller, its stack pointer after the return, and the return address, to `base`(%rdi).
.macro SAVE_RETURN base
        movq %rbx, \base+R_RBX(%rdi)
        movq %rbp, \base+R_RBP(%rdi)
        movq %r12, \base+R_R12(%rdi)
        movq %r13, \base+R_R13(%rdi)
        movq %r14, \base+R_R14(%rdi)
        movq %r15, \base+R_R15(%rdi)
        leaq 8(%rsp), %rax
        movq %rax, \base+R_RSP(%rdi)
        movq (%rsp), %rax
        movq %rax, \base+R_RIP(%rdi)
.endm
// The reverse; goes there. %eax is the value returned.
.macro RETURN_TO base
        movq \base+R_RBX(%rdi), %rbx
        movq \base+R_RBP(%rdi), %rbp
        movq \base+R_R12(%rdi), %r12
        movq \base+R_R13(%rdi), %r13
        movq \base+R_R14(%rdi), %r14
        movq \base+R_R15(%rdi), %r15
        movq \base+R_RSP(%rdi), %rsp
        cld
        jmpq *\base+R_RIP(%rdi)
.endm

// int Ring3SehEnter(RING3_SEH_FRAME* frame, int is_finally)
ENTRY Ring3SehEnter
        SAVE_RETURN FRAME_ENTER
        movl $0, FRAME_CODE(%rdi)
        movl %esi, FRAME_ABNORMAL(%rdi)
        movq $0, FRAME_INFO(%rdi)
        movl %esi, FRAME_IS_FINALLY(%rdi)
        movl $STATE_BODY, FRAME_STATE(%rdi)
        stmxcsr FRAME_MXCSR(%rdi)
        fnstcw FRAME_X87(%rdi)
        movq ring3_seh_top@gottpoff(%rip), %rcx
        movq %fs:(%rcx), %rdx
        movq %rdx, FRAME_PREVIOUS(%rdi)
        movq ring3_seh_prepared@gottpoff(%rip), %rax
        cmpb $1, %fs:(%rax)
        jne 1f
        movq %rdi, %fs:(%rcx)
        xorl %eax, %eax
        ret
1:      pushq %rbx
        .cfi_adjust_cfa_offset 8
        movq %rdi, %rbx
        callq Ring3SehPrepareThread
        movq ring3_seh_top@gottpoff(%rip), %rcx
        movq %rbx, %fs:(%rcx)
        testl %eax, %eax
        je 2f
        leaq FRAME_JUMP_BUFFER(%rbx), %rdi
        callq _setjmp@PLT
        testl %eax, %eax
        jne 3f
2:      popq %rbx
        .cfi_adjust_cfa_offset -8
        xorl %eax, %eax
        ret
        // After a longjmp: nothing on the stack here is ours any more.
3:      movq %rbx, %rdi
        movzwl FRAME_LANDING(%rdi), %eax
        RETURN_TO FRAME_ENTER
END Ring3SehEnter

// void Ring3SehLeave(RING3_SEH_FRAME* frame)
ENTRY Ring3SehLeave
        cmpl $STATE_BODY, FRAME_STATE(%rdi)
        jne 2f
        movq ring3_seh_top@gottpoff(%rip), %rcx
        cmpq %rdi, %fs:(%rcx)
        jne 3f
        movq FRAME_PREVIOUS(%rdi), %rdx
        movq %rdx, %fs:(%rcx)
1:      cmpl $0, FRAME_IS_FINALLY(%rdi)
        jne 4f
        movl $STATE_DONE, FRAME_STATE(%rdi)
        ret
2:      cmpl $STATE_FINALLY_UNWIND, FRAME_STATE(%rdi)
        movl $STATE_DONE, FRAME_STATE(%rdi)
        je Ring3SehAbandonUnwind
        ret
3:      pushq %rdi
        .cfi_adjust_cfa_offset 8
        callq Ring3SehPopOutOfOrder
        popq %rdi
        .cfi_adjust_cfa_offset -8
        jmp 1b
4:      SAVE_RETURN FRAME_LEAVE
        movl $STATE_FINALLY_LOCAL, FRAME_STATE(%rdi)
        movl $1, %eax
        RETURN_TO FRAME_ENTER
END Ring3SehLeave

// void Ring3SehFinallyDone(RING3_SEH_FRAME* frame)
ENTRY Ring3SehFinallyDone
        cmpl $STATE_FINALLY_LOCAL, FRAME_STATE(%rdi)
        movl $STATE_DONE, FRAME_STATE(%rdi)
        jne 1f
        RETURN_TO FRAME_LEAVE
1:      xorl %esi, %esi
        jmp Ring3SehFilter
END Ring3SehFinallyDone

// void Ring3SehFilter(RING3_SEH_FRAME* frame, int disposition): back to Ring3SehSwitchToFrame's caller.
ENTRY Ring3SehFilter
        movq ring3_seh_record@gottpoff(%rip), %rcx
        movq %fs:(%rcx), %rcx
        movl %esi, %eax
        movq (%rcx), %rsp
        popq %r15
        popq %r14
        popq %r13
        popq %r12
        popq %rbx
        popq %rbp
        cld
        ret
END Ring3SehFilter

// int Ring3SehSwitchToFrame(DispatchRecord* record, SehFrame* frame): runs the filter or finally body.
HIDDEN_ENTRY Ring3SehSwitchToFrame
        pushq %rbp
        pushq %rbx
        pushq %r12
        pushq %r13
        pushq %r14
        pushq %r15
        .cfi_adjust_cfa_offset 48
        movq %rsp, (%rdi)
        movq %rsi, %rdi
        ldmxcsr FRAME_MXCSR(%rdi)
        fldcw FRAME_X87(%rdi)
        movl $1, %eax
        RETURN_TO FRAME_ENTER
END Ring3SehSwitchToFrame

// int Ring3SehJumpToFrame(DispatchRecord* record, SehFrame* frame): the same through longjmp.
HIDDEN_ENTRY Ring3SehJumpToFrame
        pushq %rbp
        pushq %rbx
        pushq %r12
        pushq %r13
        pushq %r14
        pushq %r15
        .cfi_adjust_cfa_offset 48
        movq %rsp, (%rdi)
        subq $8, %rsp
        .cfi_adjust_cfa_offset 8
        movw $1, FRAME_LANDING(%rsi)
        ldmxcsr FRAME_MXCSR(%rsi)
        fldcw FRAME_X87(%rsi)
        leaq FRAME_JUMP_BUFFER(%rsi), %rdi
        movl $1, %esi
        callq longjmp@PLT
        ud2
END Ring3SehJumpToFrame

// void Ring3SehEnterHandler(SehFrame* frame)
HIDDEN_ENTRY Ring3SehEnterHandler
        .cfi_undefined rip
        movq FRAME_ENTER+R_RSP(%rdi), %rsp
        fnclex
        ldmxcsr FRAME_MXCSR(%rdi)
        fldcw FRAME_X87(%rdi)
        movq %rdi, %rbx
        callq Ring3SehLanded
        movq %rbx, %rdi
        movl $2, %eax
        RETURN_TO FRAME_ENTER
END Ring3SehEnterHandler

// void Ring3SehCallOnStack(DispatchRecord* record, uintptr_t stack_pointer)
HIDDEN_ENTRY Ring3SehCallOnStack
        .cfi_undefined rip
        movq %rsi, %rsp
        xorl %ebp, %ebp
        pushq $0
        jmp Ring3SehDispatch
END Ring3SehCallOnStack

// void Ring3SehResume(const CONTEXT* context, const void* xstate)
HIDDEN_ENTRY Ring3SehResume
        .cfi_undefined rip
        testq %rsi, %rsi
        je 1f
        movl $-1, %eax
        movl $-1, %edx
        xrstor64 (%rsi)
        jmp 2f
1:      fxrstor64 CX_FXSAVE(%rdi)
2:      movl %ss, %eax
        pushq %rax
        pushq CX_RSP(%rdi)
        movl CX_EFLAGS(%rdi), %eax
        pushq %rax
        movl %cs, %eax
        pushq %rax
        pushq CX_RIP(%rdi)
        movq CX_RAX(%rdi), %rax
        movq CX_RCX(%rdi), %rcx
        movq CX_RDX(%rdi), %rdx
        movq CX_RBX(%rdi), %rbx
        movq CX_RBP(%rdi), %rbp
        movq CX_RSI(%rdi), %rsi
        movq CX_R8(%rdi), %r8
        movq CX_R9(%rdi), %r9
        movq CX_R10(%rdi), %r10
        movq CX_R11(%rdi), %r11
        movq CX_R12(%rdi), %r12
        movq CX_R13(%rdi), %r13
        movq CX_R14(%rdi), %r14
        movq CX_R15(%rdi), %r15
        movq CX_RDI(%rdi), %rdi
        iretq
END Ring3SehResume

// Fills the CONTEXT at %rax with the registers as they are, but for rax, rsp, rip.
.macro CAPTURE
        movl $CONTEXT_FULL_AND_SEGMENTS, CX_FLAGS(%rax)
        movq $0, CX_RAX(%rax)
        movq %rcx, CX_RCX(%rax)
        movq %rdx, CX_RDX(%rax)
        movq %rbx, CX_RBX(%rax)
        movq %rbp, CX_RBP(%rax)
        movq %rsi, CX_RSI(%rax)
        movq %rdi, CX_RDI(%rax)
        movq %r8, CX_R8(%rax)
        movq %r9, CX_R9(%rax)
        movq %r10, CX_R10(%rax)
        movq %r11, CX_R11(%rax)
        movq %r12, CX_R12(%rax)
        movq %r13, CX_R13(%rax)
        movq %r14, CX_R14(%rax)
        movq %r15, CX_R15(%rax)
        movw %cs, CX_CS(%rax)
        movw %ds, CX_CS+2(%rax)
        movw %es, CX_CS+4(%rax)
        movw %fs, CX_CS+6(%rax)
        movw %gs, CX_CS+8(%rax)
        movw %ss, CX_SS(%rax)
        stmxcsr CX_MXCSR(%rax)
        fxsave64 CX_FXSAVE(%rax)
.endm

// void Ring3SehCaptureContext(CONTEXT* context)
ENTRY Ring3SehCaptureContext
        movq %rdi, %rax
        CAPTURE
        leaq 8(%rsp), %rcx
        movq %rcx, CX_RSP(%rax)
        movq (%rsp), %rcx
        movq %rcx, CX_RIP(%rax)
        pushfq
        .cfi_adjust_cfa_offset 8
        popq %rcx
        .cfi_adjust_cfa_offset -8
        movl %ecx, CX_EFLAGS(%rax)
        ret
END Ring3SehCaptureContext

// void Ring3SehRaise(EXCEPTION_RECORD* record)
ENTRY Ring3SehRaise
        subq $(CX_SIZE + 8), %rsp
        .cfi_adjust_cfa_offset CX_SIZE + 8
        pushfq
        .cfi_adjust_cfa_offset 8
        leaq 16(%rsp), %rax
        andq $-16, %rax
        CAPTURE
        popq %rcx
        .cfi_adjust_cfa_offset -8
        movl %ecx, CX_EFLAGS(%rax)
        leaq CX_SIZE+16(%rsp), %rcx
        movq %rcx, CX_RSP(%rax)
        movq CX_SIZE+8(%rsp), %rcx
        movq %rcx, CX_RIP(%rax)
        movq %rax, %rsi
        andq $-16, %rsp
        callq Ring3SehRaiseFrom
        ud2
END Ring3SehRaise

        .section .note.GNU-stack, "", @progbits
