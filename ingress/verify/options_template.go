package verify

import (
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/webhook"
)

const (
	optionTimestamp = "timestampHeader"
	optionSigned    = "signed"

	usualTolerance = 5 * time.Minute
)

// setTemplate takes the options of generic presets that say what is signed: timestampHeader names the
// header of a timestamp in seconds, and signed is a template of {timestamp} and {body}. With the first
// alone, {timestamp}.{body} is signed.
func (s *preset) setTemplate(o webhook.Options) error {
	header, text := o.First(optionTimestamp), o.First(optionSigned)
	if header == "" && text == "" {
		return nil
	}
	if header != "" {
		if err := checkHeader(header); err != nil {
			return invalid(optionTimestamp, "%s", err)
		}
		if strings.EqualFold(header, s.signature.header) {
			return invalid(optionTimestamp, "the timestamp has a header of its own")
		}
		s.timestamp.header, s.timestamp.form, s.timestamp.tolerance = header, formSeconds, usualTolerance
		if text == "" {
			text = "{timestamp}.{body}"
		}
	}
	pieces, err := parseTemplate(text)
	if err != nil {
		return invalid(optionSigned, "%s", err)
	}
	if (header != "") != has(pieces, timestampPart) {
		return invalid(optionSigned, "the template names {timestamp} where the option %s names its header, and only there", optionTimestamp)
	}
	for _, p := range pieces {
		if p.part != literal && p.part != timestampPart && p.part != bodyPart {
			return invalid(optionSigned, "the template takes {timestamp} and {body} alone")
		}
	}
	s.signed = pieces
	return nil
}
