package gan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/moelab/moelab/dataset"
	"github.com/moelab/moelab/dataset/portrait"
	"github.com/moelab/moelab/lab"
)

// OpenData opens the pictures that a configuration names; warn gets each broken one, and what the folder lacks.
func (c Config) OpenData(ctx context.Context, warn func(error)) (dataset.Set, error) {
	if c.Data == "" {
		var colours []portrait.Colour
		for _, class := range c.Classes {
			colour, err := portrait.ParseColour(class)
			if err != nil {
				return nil, fmt.Errorf("draw portraits: %w", err)
			}
			colours = append(colours, colour)
		}
		set := dataset.DrawnWithHats(c.Seed, c.Drawn, c.Hats, colours...)
		return set, c.checkClasses(set)
	}
	set, _, err := c.openFolder(ctx, warn)
	return set, err
}

// openRun opens the pictures that the run in dir was trained on.
func (c Config) openRun(ctx context.Context, dir string, warn func(error)) (dataset.Set, error) {
	var err error
	if c.Data, err = lab.FindData(dir, c.Data); err != nil {
		return nil, err
	}
	return c.OpenData(ctx, warn)
}

// openFolder opens the folder of the pictures.
func (c Config) openFolder(ctx context.Context, warn func(error)) (dataset.Set, dataset.Report, error) {
	options := dataset.FolderOptions{Classes: c.Classes, Attributes: c.Attributes}
	set, report, err := dataset.OpenFolder(ctx, c.Data, options)
	if warn == nil {
		return set, report, err
	}
	for _, bad := range report.Bad {
		warn(bad)
	}
	if err == nil {
		for _, lack := range report.Lacks() {
			warn(fmt.Errorf("%s: %s", c.Data, lack))
		}
	}
	return set, report, err
}

// fewPictures is the number of pictures below which a training is hardly worth its time.
const fewPictures = 200

// open opens the pictures for a training in dir. An existing run keeps its classes; a new one leaves out those without
// pictures in the folder.
func (c Config) open(ctx context.Context, dir string, warn func(error)) (Config, dataset.Set, error) {
	if c.Data == "" {
		set, err := c.OpenData(ctx, warn)
		return c, set, err
	}
	own, err := Experiment.Read(dir)
	if err == nil {
		c.Classes = own.Classes
	}
	found, findErr := c, error(nil)
	if found.Data, findErr = lab.FindData(dir, c.Data); findErr != nil {
		return c, nil, findErr
	}
	set, report, openErr := found.openFolder(ctx, warn)
	if openErr == nil && report.Total < fewPictures && warn != nil {
		warn(fmt.Errorf("%s has only %d pictures: a GAN learns so few by heart, or nothing; give it %d or more",
			c.Data, report.Total, fewPictures))
	}
	if openErr != nil || err == nil {
		return c, set, openErr
	}
	left := report.Empty()
	if len(left) == 0 {
		return c, set, nil
	}
	c.Classes = slices.DeleteFunc(slices.Clone(c.Classes), func(class string) bool { return slices.Contains(left, class) })
	if warn != nil {
		warn(fmt.Errorf("%s has no pictures of %s: the GAN learns %s",
			c.Data, strings.Join(left, ", "), strings.Join(c.Classes, ", ")))
	}
	return c, dataset.WithoutEmpty(set), nil
}

// FitClasses removes from a configuration the classes without pictures in its data folder, as [Train] does in a new
// run. If dir holds a run already, that run's classes are taken instead.
func FitClasses(ctx context.Context, dir string, config Config) (Config, error) {
	fitted, _, err := config.open(ctx, dir, nil)
	return fitted, err
}

// checkClasses returns an error unless the labels of a set have the configuration's meaning.
func (c Config) checkClasses(set dataset.Set) error {
	if classes := dataset.Classes(set); !slices.Equal(classes, c.Classes) {
		return fmt.Errorf("the pictures are of the classes %s, the configuration is of %s",
			strings.Join(classes, ", "), strings.Join(c.Classes, ", "))
	}
	for _, name := range c.Attributes {
		if !slices.ContainsFunc(set.Labels(), func(a dataset.Attribute) bool { return a.Name == name }) {
			return fmt.Errorf("the pictures have no attribute %q, which the configuration asks for", name)
		}
	}
	return nil
}

// batches turns the batches of a loader into inputs of [Iteration].
type batches struct {
	*dataset.Loader
	steps int // Of D.
}

// Batches reads a set from a position on: an iteration takes a batch for each step of D. warn gets the pictures that
// became unreadable.
func (c Config) Batches(set dataset.Set, position int64, warn func(error)) (lab.Source, error) {
	loader, err := dataset.NewLoader(set, dataset.LoaderOptions{
		Size: c.Size, Batch: c.Batch * c.DiscriminatorSteps, Seed: c.Seed, Flip: c.Flip, Start: position, OnBad: warn,
		Attributes: c.Attributes,
	})
	return batches{loader, c.DiscriminatorSteps}, err
}

// Next returns pictures and labels.
func (b batches) Next(ctx context.Context) ([]*tensors.Tensor, error) {
	batch, err := b.Loader.Next(ctx)
	if err != nil {
		return nil, err
	}
	defer batch.Release() // FromFlatData copies.
	n := batch.N / b.steps
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(batch.Pictures, b.steps, n, batch.Size, batch.Size, 3),
		tensors.FromFlatDataAndDimensions(batch.Labels, b.steps, n, len(batch.Labels)/batch.N),
	}, nil
}
