package mail

import (
	"maps"
	"slices"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

const (
	defaultMaxRecipients = 50
	defaultMaxBytes      = 10 << 20
)

// grant is what one plugin may do.
type grant struct {
	recipients    []pattern
	senders       []pattern
	maxRecipients int
	maxBytes      int
}

func parseGrant(policy map[string]any, from string) (grant, error) {
	g := grant{maxRecipients: defaultMaxRecipients, maxBytes: defaultMaxBytes}
	if p, ok := parsePattern(from); ok {
		g.senders = []pattern{p}
	}
	known := []string{"maxBytes", "maxRecipients", "recipients", "senders"}
	var faults fault.List
	for _, key := range slices.Sorted(maps.Keys(policy)) {
		var err *fault.Error
		switch v := policy[key]; key {
		case "recipients":
			g.recipients, err = patterns(v)
		case "senders":
			g.senders, err = patterns(v)
		case "maxRecipients":
			g.maxRecipients, err = positive(v)
		case "maxBytes":
			g.maxBytes, err = positive(v)
		default:
			err = fault.New(fault.ConfigUnknown, "unknown key of a mail grant").WithHint("%s", fault.DidYouMean(key, known))
		}
		if err != nil {
			faults = append(faults, err.In(key))
		}
	}
	return g, faults.Err()
}

// patterns reads a list of patterns, or a text with commas.
func patterns(v any) ([]pattern, *fault.Error) {
	if text, ok := v.(string); ok {
		list := []any{}
		for word := range strings.SplitSeq(text, ",") {
			if word = strings.TrimSpace(word); word != "" {
				list = append(list, word)
			}
		}
		v = list
	}
	n, err := value.Normalize(v)
	list, ok := n.([]any)
	if n == nil && err == nil {
		return nil, nil
	}
	if err != nil || !ok {
		return nil, fault.New(fault.ConfigType, "a list of address patterns is wanted")
	}
	out := make([]pattern, len(list))
	for i, item := range list {
		text, ok := item.(string)
		if !ok {
			return nil, fault.New(fault.ConfigType, "a list of address patterns is wanted")
		}
		if out[i], ok = parsePattern(text); !ok {
			return nil, fault.New(fault.ConfigValue, "%q is not an address pattern", text).
				WithHint("write name@company.tld, *@company.tld or *")
		}
	}
	return out, nil
}

func positive(v any) (int, *fault.Error) {
	n, err := value.Normalize(v)
	if i, ok := n.(int); ok && err == nil && i > 0 {
		return i, nil
	}
	return 0, fault.New(fault.ConfigValue, "a whole number above 0 is wanted")
}

func matchAny(patterns []pattern, address string) bool {
	return slices.ContainsFunc(patterns, func(p pattern) bool { return p.match(address) })
}

// checkEnvelope holds sender and recipients against the grant and gives the recipients without repeats.
func (g *grant) checkEnvelope(from string, recipients []string) ([]string, error) {
	if !validAddress(from) {
		return nil, fault.New(fault.MailInvalid, "the sender is not a plain mail address")
	}
	if !matchAny(g.senders, from) {
		return nil, fault.New(fault.MailSender, "the grant does not allow this sender")
	}
	if len(recipients) == 0 {
		return nil, fault.New(fault.MailInvalid, "there is no recipient")
	}
	if len(recipients) > g.maxRecipients {
		return nil, fault.New(fault.MailInvalid, "%d recipients, the grant allows %d", len(recipients), g.maxRecipients)
	}
	unique := make([]string, 0, len(recipients))
	for i, r := range recipients {
		if !validAddress(r) {
			return nil, fault.New(fault.MailInvalid, "recipient %d of %d is not a plain mail address", i+1, len(recipients))
		}
		if !matchAny(g.recipients, r) {
			return nil, fault.New(fault.MailRecipient, "the grant does not allow recipient %d of %d", i+1, len(recipients))
		}
		if !slices.Contains(unique, r) {
			unique = append(unique, r)
		}
	}
	return unique, nil
}
