package verify

import (
	"slices"
	"strings"

	"github.com/dunglas/httpsfv"
)

const (
	maxComponents = 64
	maxInput      = 8 << 10 // bytes of Signature-Input and of Signature
)

// signatureInput is one signature with what it says about itself.
type signatureInput struct {
	components []string // as they stand in the signature base, without their quotes where they have no parameters
	params     string   // the whole member, as it stands in the signature base
	signature  []byte

	created, expires       int64
	hasCreated, hasExpires bool
	algorithm              string // empty = not said
	keyID                  string
	hasKeyID               bool
	nonce                  string
}

func (in *signatureInput) covers(component string) bool {
	return slices.Contains(in.components, component)
}

// readInputs reads the two headers. Each must occur once and be in its one form but for white space, so
// that no label or parameter occurs twice.
func readInputs(h Header) ([]signatureInput, *Refusal) {
	input, r := readDictionary(h, "Signature-Input")
	if r != nil {
		return nil, r
	}
	signatures, r := readDictionary(h, "Signature")
	if r != nil {
		return nil, r
	}
	if len(input.Names()) > maxSignatures || len(signatures.Names()) > maxSignatures {
		return nil, errInputMany
	}
	var out []signatureInput
	for _, label := range input.Names() {
		member, _ := input.Get(label)
		other, found := signatures.Get(label)
		if !found {
			continue
		}
		list, isList := member.(httpsfv.InnerList)
		item, isItem := other.(httpsfv.Item)
		if !isList || !isItem {
			return nil, errInputMalformed
		}
		signature, isBinary := item.Value.([]byte)
		if !isBinary || len(signature) == 0 {
			return nil, errInputMalformed
		}
		in := signatureInput{signature: signature}
		if r := in.read(list); r != nil {
			return nil, r
		}
		out = append(out, in)
	}
	if len(out) == 0 {
		return nil, errInputMissing
	}
	return out, nil
}

func readDictionary(h Header, name string) (*httpsfv.Dictionary, *Refusal) {
	field, r := once(h, name, errInputMissing)
	if r != nil {
		return nil, r
	}
	if len(field) > maxInput {
		return nil, errInputMalformed
	}
	d, err := httpsfv.UnmarshalDictionary([]string{string(field)})
	if err != nil || !canonical(field, d) {
		return nil, errInputMalformed
	}
	return d, nil
}

// canonical reports whether field is the one writing of d but for white space outside of texts. A repeated
// name, of which a dictionary keeps the last, and a number or base64 in an odd form are none.
func canonical(field []byte, d *httpsfv.Dictionary) bool {
	text, err := httpsfv.Marshal(d)
	return err == nil && squeeze(text) == squeeze(string(field))
}

func squeeze(text string) string {
	var out strings.Builder
	inText, escaped := false, false
	for _, c := range []byte(text) {
		if !inText && (c == ' ' || c == '\t') {
			continue
		}
		out.WriteByte(c)
		switch {
		case escaped:
			escaped = false
		case inText && c == '\\':
			escaped = true
		case c == '"':
			inText = !inText
		}
	}
	return out.String()
}

func (in *signatureInput) read(list httpsfv.InnerList) *Refusal {
	if len(list.Items) > maxComponents {
		return errInputMalformed
	}
	for _, item := range list.Items {
		name, isText := item.Value.(string)
		if !isText {
			return errInputMalformed
		}
		if len(item.Params.Names()) > 0 {
			text, err := httpsfv.Marshal(item)
			if err != nil {
				return errInputMalformed
			}
			name = text
		}
		if in.covers(name) {
			return errInputMalformed
		}
		in.components = append(in.components, name)
	}
	params, err := httpsfv.Marshal(list)
	if err != nil || !in.readParams(list.Params) {
		return errInputMalformed
	}
	in.params = params
	return nil
}

// readParams reports whether the parameters that are known have their types. Others, such as tag, are
// covered by the signature and mean nothing here.
func (in *signatureInput) readParams(p *httpsfv.Params) bool {
	ok := [5]bool{true, true, true, true, true}
	if v, given := p.Get("created"); given {
		in.created, ok[0] = v.(int64)
		in.hasCreated = true
	}
	if v, given := p.Get("expires"); given {
		in.expires, ok[1] = v.(int64)
		in.hasExpires = true
	}
	if v, given := p.Get("alg"); given {
		in.algorithm, ok[2] = v.(string)
		ok[2] = ok[2] && in.algorithm != ""
	}
	if v, given := p.Get("keyid"); given {
		in.keyID, ok[3] = v.(string)
		in.hasKeyID = true
	}
	if v, given := p.Get("nonce"); given {
		in.nonce, ok[4] = v.(string)
	}
	return !slices.Contains(ok[:], false)
}

// writeParams writes the member of Signature-Input for what in says.
func (in *signatureInput) writeParams() string {
	list := httpsfv.InnerList{Params: httpsfv.NewParams()}
	for _, name := range in.components {
		list.Items = append(list.Items, httpsfv.NewItem(name))
	}
	list.Params.Add("created", in.created)
	if in.hasKeyID {
		list.Params.Add("keyid", in.keyID)
	}
	if in.nonce != "" {
		list.Params.Add("nonce", in.nonce)
	}
	text, err := httpsfv.Marshal(list)
	if err != nil {
		return ""
	}
	return text
}

func writeBinary(data []byte) string {
	text, err := httpsfv.Marshal(httpsfv.NewItem(data))
	if err != nil {
		return ""
	}
	return text
}
