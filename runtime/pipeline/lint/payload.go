package lint

import "github.com/penstock/penstock/runtime/trigger"

func payloadRules() []*Rule {
	declared := func(payload string) []Source {
		return []Source{{Key: "webhook.lead.created", What: "the webhook leads", Payload: payload}}
	}
	return []*Rule{{
		Code: "lint.payload.wrapped", Severity: Warning,
		Summary: "a field of a webhook's body is read, and the payload holds it as one text",
		Why: "With payloadType base64, the default, the payload is {origin: TEXT}, with outbound its origin is an address, and with ignore there is none: a field of the " +
			"body reads as null or fails. Decode the text, or declare the webhook with payloadType raw. This is asked where a file declares the webhook.",
		Bad:  Example{Text: "pipeline:\n  - event.listen: {eventKey: webhook.lead.created}\n  - log: ${body.payload.name}\n", Events: declared("base64")},
		Good: Example{Text: "pipeline:\n  - event.listen: {eventKey: webhook.lead.created}\n  - log: ${body.payload.name}\n", Events: declared("raw")},
		set:  wrappedPayloads,
	}}
}

// payloadOf tells how the payload of an event is made and by what, when webhooks alone make it and files declare that.
func (s *set) payloadOf(key string, sent map[string]bool) (payload, by string) {
	for _, e := range s.setup.Events {
		switch {
		case e.Key != key:
		case e.Payload == "" || payload != "" && payload != e.Payload || sent[s.prefix()+key]:
			return "", ""
		default:
			payload, by = e.Payload, e.What
		}
	}
	return payload, by
}

func wrappedPayloads(s *set, r reporter) {
	var sent map[string]bool
	for _, f := range s.files {
		if f.Outline == nil || f.Outline.Listens == nil || f.Outline.Listens.Kind != trigger.EventListen || len(f.fields) == 0 {
			continue
		}
		if sent == nil {
			sent = map[string]bool{}
			for _, o := range s.files {
				for _, e := range o.emissions(s.prefix()) {
					sent[e.pattern] = true
				}
			}
		}
		how, by := s.payloadOf(f.Outline.Listens.Pattern, sent)
		if how != "base64" && how != "outbound" && how != "ignore" || sent["#"] {
			continue
		}
		for _, one := range f.fields {
			if one.name == "origin" || one.name == "target" || one.root == "body" && (one.scope.inMacro() || f.changed(one.number)) {
				continue
			}
			found := r.on(f, one.pos, "%s has payloadType %s, so its payload has no field %s", by, how, one.name)
			if how == "base64" {
				found.hint("read it with @json.load(@convert.fromBase64(%s.payload.origin)), or declare the webhook with payloadType raw", one.root)
			} else {
				found.hint("declare the webhook with payloadType raw")
			}
		}
	}
}

// changed reports whether a step in front of one may have put something else into the body.
func (f *file) changed(number int) bool {
	for _, st := range f.steps {
		if st.number >= number {
			break
		}
		output, given := st.Param("output")
		switch {
		case st.Spec == nil:
			return true
		case st.Spec.Result != "" && !given:
			return true
		case given && output.Value.Expression != nil && len(output.Value.Target) > 0 && output.Value.Target[0] == "body":
			return true
		}
	}
	return false
}
