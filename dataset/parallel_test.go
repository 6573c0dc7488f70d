package dataset

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheFirstFailureInOrderIsToldHoweverGoroutinesAreScheduled(t *testing.T) {
	second := make(chan struct{})
	err := inParallel(t.Context(), 2, 100, nil, func(i int) error {
		switch i {
		case 0:
			<-second
			time.Sleep(10 * time.Millisecond) // so that 1 has failed for certain
			return errors.New("0")
		case 1:
			close(second)
			return errors.New("1")
		default:
			return fmt.Errorf("%d was begun after a failure", i)
		}
	})
	require.EqualError(t, err, "0")
}

func TestNothingIsBegunAfterTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var begun, reported int
	err := inParallel(ctx, 1, 100, func(done, total int) { reported = done }, func(i int) error {
		begun++
		if begun == 3 {
			cancel()
		}
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 3, begun)
	assert.Equal(t, 3, reported)
}
