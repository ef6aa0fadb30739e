package app

import (
	"errors"
	"io/fs"
	"os"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/ingress/verify"
)

// Presets loads the signature presets that ship and those of the operator's folder, and checks the vectors of the
// operator's: a preset that does not do what its own file says is not used. The faults name file and line.
func Presets(c *configs.Config) (*verify.Presets, error) {
	var own []fs.FS
	if c.Ingress.Presets != "" {
		if _, err := os.Stat(c.Ingress.Presets); err == nil {
			own = append(own, os.DirFS(c.Ingress.Presets))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return verify.Load(own...)
}
