package pipeline

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// State is where a run stands: everything that is needed to go on. It is a value: what a run gives away
// it does not change later.
type State struct {
	Version  string  // of the plan; a run goes on only in a plan of this version. Empty is not checked
	Step     int     // index of the next part of the pipeline's own list; their number at the end
	Inside   *Inside // where within that part; nil = at its beginning, and always in a flat pipeline
	Body     any
	Vars     map[string]any // nil at step 0: the sections vars and body were not evaluated yet
	Identity string
	Acked    bool // the pipeline acknowledged the message that started the run
}

// Inside is a place within blocks: which list of each block, which round of each loop, what is being
// handled, how far each branch came. It fits the plan that it was made by and no other one.
type Inside struct {
	path []frame // from the outermost block to the innermost one
}

// positionFormat counts how positions are written. A change of what the same file is compiled to, or of
// what a frame means, makes a new one.
const positionFormat = 1

// Position gives the state without Body, Vars and Identity as JSON text, for a caller that keeps those
// apart. It is nil when there is nothing but Step to tell.
func (s *State) Position() ([]byte, error) {
	if s.Inside == nil && !s.Acked {
		return nil, nil
	}
	return marshal(statePlace(s))
}

// SetPosition reads what Position gave into Version, Step and Inside. The error has
// fault.PipelinePosition: the text is of another format or damaged.
func (s *State) SetPosition(text []byte) error {
	var p keptState
	if err := unmarshal(text, &p); err != nil {
		return err
	}
	return p.place(s)
}

// MarshalJSON writes all of the state.
func (s State) MarshalJSON() ([]byte, error) {
	kept, err := keepState(&s)
	if err != nil {
		return nil, err
	}
	return marshal(kept, nil)
}

// UnmarshalJSON reads what MarshalJSON wrote. Its errors are those of SetPosition.
func (s *State) UnmarshalJSON(text []byte) error {
	var kept keptState
	if err := unmarshal(text, &kept); err != nil {
		return err
	}
	out, err := kept.state()
	if err == nil {
		*s = *out
	}
	return err
}

// The forms in which positions are kept. Values are JSON texts of package value, which has its own rules
// for numbers and depth.
type (
	keptState struct {
		Format  int         `json:"format"`
		Version string      `json:"version,omitempty"`
		Step    int         `json:"step"`
		Acked   bool        `json:"acked,omitempty"`
		Path    []keptFrame `json:"path,omitempty"`
		keptScope
	}
	keptScope struct {
		Body     json.RawMessage `json:"body,omitempty"`
		Vars     json.RawMessage `json:"vars,omitempty"`
		Identity string          `json:"identity,omitempty"`
	}
	keptFrame struct {
		Part     string          `json:"part"`
		Index    int             `json:"index,omitempty"`
		List     int             `json:"list,omitempty"`
		Round    int             `json:"round,omitempty"`
		Begun    bool            `json:"begun,omitempty"`
		Items    json.RawMessage `json:"items,omitempty"`
		Outer    json.RawMessage `json:"outer,omitempty"`
		Tries    int             `json:"tries,omitempty"`
		Until    time.Time       `json:"until,omitzero"`
		Due      time.Time       `json:"due,omitzero"`
		Before   *keptScope      `json:"before,omitempty"`
		Thrown   *keptThrown     `json:"thrown,omitempty"`
		After    signal          `json:"after,omitempty"`
		Branches []keptBranch    `json:"branches,omitempty"`
	}
	keptBranch struct {
		Done  bool            `json:"done,omitempty"`
		Body  json.RawMessage `json:"body,omitempty"`
		State *keptState      `json:"state,omitempty"`
	}
	keptThrown struct {
		Error   keptError  `json:"error"`
		Kind    string     `json:"kind,omitempty"`
		Status  int        `json:"status,omitempty"`
		Time    time.Time  `json:"time,omitzero"`
		By      origin     `json:"by"`
		At      *keptState `json:"at,omitempty"`
		Restart bool       `json:"restart,omitempty"`
	}
	keptError struct {
		Code       fault.Code    `json:"code"`
		Message    string        `json:"message"`
		Hint       string        `json:"hint,omitempty"`
		Where      string        `json:"where,omitempty"`
		Retry      bool          `json:"retry,omitempty"`
		RetryAfter time.Duration `json:"retryAfter,omitempty"`

		File   string `json:"file,omitempty"`
		Line   int    `json:"line,omitempty"`
		Column int    `json:"column,omitempty"`
	}
)

func marshal(kept *keptState, err error) ([]byte, error) {
	if err != nil {
		return nil, fault.Wrap(fault.ExprType, err, "where the run stands cannot be kept as JSON")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(kept); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "writing where the run stands")
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

func unmarshal(text []byte, kept *keptState) error {
	if err := json.Unmarshal(text, kept); err != nil {
		return fault.New(fault.PipelinePosition, "where the run stands cannot be read")
	}
	return nil
}

func keepValue(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	return value.AppendJSON(nil, v)
}

func readValue(text json.RawMessage) (any, error) {
	if text == nil {
		return nil, nil
	}
	v, err := value.Decode(text)
	if err != nil {
		return nil, fault.Wrap(fault.PipelinePosition, err, "reading a kept value")
	}
	return v, nil
}
