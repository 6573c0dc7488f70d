package dataset

import (
	"context"
	"errors"
)

func listArchive(ctx context.Context, path string) ([]stored, []Bad, error) {
	return nil, nil, errors.New("not a folder")
}
