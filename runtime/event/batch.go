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
}

func (b *Batch) appendJSON(dst []byte) []byte {
	dst = append(dst, `,"batch":{"pipeline":`...)
	dst = value.AppendString(dst, b.Pipeline)
	dst = append(dst, `,"members":[`...)
	for i, id := range b.Members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = value.AppendString(dst, id)
	}
	return append(dst, "]}"...)
}

// batch reads the field batch.
func (o Object) batch() (*Batch, error) {
	v, given := o["batch"]
	if !given {
		return nil, nil
	}
	unusable := fault.New(fault.EventInvalid, "an event has no usable batch")
	m, _ := v.(map[string]any)
	b := &Batch{}
	var ok bool
	if b.Pipeline, ok = m["pipeline"].(string); !ok {
		return nil, unusable
	}
	members, _ := m["members"].([]any)
	for _, v := range members {
		id, ok := v.(string)
		if !ok {
			return nil, unusable
		}
		b.Members = append(b.Members, id)
	}
	if len(b.Members) == 0 {
		return nil, unusable
	}
	return b, nil
}
