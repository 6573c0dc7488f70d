package lab_test

import (
	"fmt"
	"log"

	"github.com/moelab/moelab/lab"
)

// Settings have their names in config.json. A wrong name is an error that lists the right ones.
func ExampleAssign() {
	type config struct {
		Batch   int      `json:"batch"`
		Loss    string   `json:"loss"`
		Classes []string `json:"classes"`
	}
	c := config{Batch: 16, Loss: "hinge"}
	for _, setting := range []string{"batch=32", "loss=wgan", `classes=["blue","red"]`} {
		var err error
		if c, err = lab.Assign(c, setting); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(lab.Settings(c))

	_, err := lab.Assign(c, "bach=64")
	fmt.Println(err)
	// Output:
	// batch=32 classes=["blue","red"] loss="wgan"
	// there is no setting "bach"; there are batch, classes, loss
}
