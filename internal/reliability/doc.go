// Package reliability holds a slow test that kills moelab, fills its disk, write-protects its folders and flips bits in
// its files. docs/RELIABILITY.md has its results.
package reliability
