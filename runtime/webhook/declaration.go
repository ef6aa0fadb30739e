package webhook

import "github.com/penstock/penstock/runtime/fault"

// Declaration is a webhook that a file declares. The file is what counts: commands do not change it.
type Declaration struct {
	Webhook Webhook                   // with ID, Origin and settings; its Tokens stay empty
	Tokens  []string                  // env:NAME, file:PATH or sha256:HEX; the first one is the newest
	Places  map[string]fault.Position // where each setting stands in the file; "" is the file itself
}

// Place gives a fault about a setting its position in the file.
func (d Declaration) Place(f *fault.Error) *fault.Error {
	at, known := d.Places[f.Where]
	if !known {
		at = d.Places[""]
	}
	return f.At(at)
}
