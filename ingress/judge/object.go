package judge

// Object gives the verdict as a value of the model, for JSON: valid, and where they are known reason, detail, deliveryId,
// event, handshake, notes and hints.
func (v Verdict) Object(hints []Hint) map[string]any {
	out := map[string]any{"valid": v.Accepted()}
	for name, text := range map[string]string{"reason": v.Reason, "detail": v.Detail, "deliveryId": v.Delivery.ID, "event": v.Delivery.Event} {
		if text != "" {
			out[name] = text
		}
	}
	if h := v.Delivery.Handshake; h != nil {
		headers := map[string]any{}
		for _, field := range h.Headers {
			headers[field[0]] = field[1]
		}
		shown := map[string]any{"name": h.Name, "status": h.Status, "contentType": h.Type, "headers": headers, "body": string(h.Body)}
		if h.Confirm != "" {
			shown["confirm"] = h.Confirm
		}
		out["handshake"] = shown
	}
	if len(v.Notes) > 0 {
		notes := make([]any, len(v.Notes))
		for i, note := range v.Notes {
			notes[i] = note
		}
		out["notes"] = notes
	}
	if hints != nil {
		shown := make([]any, len(hints))
		for i, h := range hints {
			shown[i] = map[string]any{"cause": h.Cause, "text": h.Text}
		}
		out["hints"] = shown
	}
	return out
}
