//go:build slow

package main

import "testing"

func TestAllExperimentsAreAsRecorded(t *testing.T) { compareWithRecording(t, false) }
