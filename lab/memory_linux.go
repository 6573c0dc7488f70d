package lab

/*
#include <stddef.h>

// Weak: glibc has it, other C libraries do not.
extern int malloc_trim(size_t pad) __attribute__((weak));

static void trim(void) {
	if (malloc_trim) malloc_trim(0);
}
*/
import "C"

// returnMemory returns memory that XLA has freed to the system. Its compiler leaves more than a gigabyte in glibc's
// free lists, one per thread, which the compiled program would hardly use.
func returnMemory() { C.trim() }
