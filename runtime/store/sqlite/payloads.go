package sqlite

import (
	"encoding/json"

	"github.com/penstock/penstock/runtime/run"
)

// payload is what was recorded of the values of one step.
type payload struct {
	Step   int             `json:"step"` // index in the record
	Input  json.RawMessage `json:"input,omitempty"`
	Output json.RawMessage `json:"output,omitempty"`
}

// payloads gives the recorded values of the steps as JSON text, nil when there are none.
func payloads(steps []run.Step) ([]byte, error) {
	var list []payload
	for i := range steps {
		if s := &steps[i]; s.Input != nil || s.Output != nil {
			list = append(list, payload{Step: i, Input: s.Input, Output: s.Output})
		}
	}
	if list == nil {
		return nil, nil
	}
	return json.Marshal(list)
}

// readPayloads puts recorded values back into the steps they belong to.
func readPayloads(steps []run.Step, text []byte) error {
	if len(text) == 0 {
		return nil
	}
	var list []payload
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	for _, p := range list {
		if p.Step >= 0 && p.Step < len(steps) {
			steps[p.Step].Input, steps[p.Step].Output = p.Input, p.Output
		}
	}
	return nil
}
