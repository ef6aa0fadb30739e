package event

import (
	"strconv"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// Replay says what of the event Event.ReplayOf is done once more.
type Replay struct {
	Pipeline string // the only one that runs
	Version  string // of it; empty = the one that is loaded
	From     bool   // go on at Step with what is kept of the old run; false = begin like the first time
	Step     int    // index in the pipeline's own list
	Body     []byte // JSON text: the body at Step; nil = the kept one
}

func (r *Replay) appendJSON(dst []byte) []byte {
	dst = append(dst, `,"replay":{"pipeline":`...)
	dst = value.AppendString(dst, r.Pipeline)
	if r.Version != "" {
		dst = append(dst, `,"version":`...)
		dst = value.AppendString(dst, r.Version)
	}
	if r.From {
		dst = append(dst, `,"step":`...)
		dst = strconv.AppendInt(dst, int64(r.Step), 10)
	}
	if len(r.Body) > 0 {
		dst = append(append(dst, `,"body":`...), r.Body...)
	}
	return append(dst, '}')
}

// takeReplay reads the field replay and takes it off: it is for the engine, not for pipelines.
func (o Object) takeReplay() (*Replay, error) {
	v, given := o["replay"]
	if !given {
		return nil, nil
	}
	delete(o, "replay")
	m, _ := v.(map[string]any)
	r := &Replay{}
	var ok bool
	if r.Pipeline, ok = m["pipeline"].(string); !ok {
		return nil, fault.New(fault.EventInvalid, "an event has no usable replay")
	}
	if version, given := m["version"]; given {
		if r.Version, ok = version.(string); !ok {
			return nil, fault.New(fault.EventInvalid, "an event has no usable replay")
		}
	}
	if step, given := m["step"]; given {
		if r.Step, r.From = step.(int); !r.From || r.Step < 0 {
			return nil, fault.New(fault.EventInvalid, "an event has no usable replay")
		}
	}
	if body, given := m["body"]; given {
		var err error
		if r.Body, err = value.AppendJSON(nil, body); err != nil {
			return nil, fault.Wrap(fault.EventInvalid, err, "reading the body of a replay")
		}
	}
	return r, nil
}
