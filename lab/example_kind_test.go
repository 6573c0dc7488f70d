package lab_test

import (
	"fmt"
	"log"
	"os"

	"github.com/moelab/moelab/lab"
)

// Config is the configuration of a kind of experiment.
type Config struct {
	Channels int `json:"channels"`
	lab.Schedule
}

// Validate returns an error that names every bad setting.
func (c Config) Validate() error {
	var checks lab.Checks
	checks.That(c.Channels > 0, "channels is %d: it must be positive", c.Channels)
	c.Schedule.Check(&checks)
	return checks.Err()
}

// A kind of experiment has presets. A new run is configured by a preset and settings; a run that exists keeps its
// configuration, apart from new settings.
func ExampleKind_Configure() {
	dir, err := os.MkdirTemp("", "run-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	kind := &lab.Kind[Config]{
		Name:    "lines",
		Presets: map[string]Config{"smoke": {Channels: 4, Schedule: lab.Schedule{Steps: 3, Seed: 1}}},
		Usual:   "smoke",
	}
	config, err := kind.Configure(dir, "smoke", nil, "channels=8")
	if err != nil {
		log.Fatal(err)
	}
	run, err := kind.Create(dir, config)
	if err != nil {
		log.Fatal(err)
	}
	if err := run.Close(); err != nil {
		log.Fatal(err)
	}

	config, err = kind.Configure(dir, "", nil, "steps=6")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(lab.Settings(config))
	_, err = kind.Configure(dir, "", nil, "channels=0")
	fmt.Println(err)
	// Output:
	// channels=8 seed=1 steps=6
	// channels is 0: it must be positive
}
