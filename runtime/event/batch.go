package event

import (
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// BatchKey is the key of events that stand for several others.
const BatchKey = "message.batch"

// Batch says which events an event stands for. Its payload is the list of what they hand to the pipeline.
type Batch struct {
	Pipeline string   // the only one that runs
	Members  []string // ids of the events, in the order of the payload
	Shared   []string // of these, those that other pipelines have to do with too
}

func (b *Batch) appendJSON(dst []byte) []byte {
	dst = append(dst, `,"batch":{"pipeline":`...)
	dst = value.AppendString(dst, b.Pipeline)
	dst = appendTexts(append(dst, `,"members":`...), b.Members)
	if len(b.Shared) > 0 {
		dst = appendTexts(append(dst, `,"shared":`...), b.Shared)
	}
	return append(dst, '}')
}

func appendTexts(dst []byte, texts []string) []byte {
	dst = append(dst, '[')
	for i, t := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = value.AppendString(dst, t)
	}
	return append(dst, ']')
}

// batch reads the field batch.
func (o Object) batch() (*Batch, error) {
	v, given := o["batch"]
	if !given {
		return nil, nil
	}
	unusable := fault.New(fault.EventInvalid, "an event has no usable batch")
	m, _ := v.(map[string]any)
	pipeline, isText := m["pipeline"].(string)
	members, areTexts := texts(m["members"])
	shared, also := texts(m["shared"])
	if !isText || !areTexts || !also || len(members) == 0 {
		return nil, unusable
	}
	return &Batch{Pipeline: pipeline, Members: members, Shared: shared}, nil
}

func texts(v any) (out []string, ok bool) {
	list, _ := v.([]any)
	for _, item := range list {
		text, ok := item.(string)
		if !ok {
			return nil, false
		}
		out = append(out, text)
	}
	return out, true
}
