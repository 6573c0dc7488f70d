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

// returnMemory gives the system back what XLA has freed. Its compiler leaves more than a gigabyte in glibc's lists of free memory, one for each of its threads, that
// the program it made would hardly use.
func returnMemory() { C.trim() }
