package app

import (
	"errors"
	"io/fs"
	"os"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/ingress/verify/netlist"
)

// Presets loads the signature presets that ship and those of the operator's folder, and checks the vectors of the
// operator's: a preset that does not do what its own file says is not used. The faults name file and line.
func Presets(c *configs.Config) (*verify.Presets, error) {
	own, err := ownPresets(c)
	if err != nil {
		return nil, err
	}
	return verify.Load(own...)
}

// AddressLists loads the lists of addresses that ship and those in the folder addresses below the operator's presets.
func AddressLists(c *configs.Config) (*netlist.Lists, error) {
	own, err := ownPresets(c)
	if err != nil {
		return nil, err
	}
	for i, fsys := range own {
		if own[i], err = fs.Sub(fsys, "addresses"); err != nil {
			return nil, err
		}
	}
	return netlist.Load(own...)
}

// ownPresets gives the operator's folder, if there is one.
func ownPresets(c *configs.Config) ([]fs.FS, error) {
	if c.Ingress.Presets == "" {
		return nil, nil
	}
	if _, err := os.Stat(c.Ingress.Presets); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return []fs.FS{os.DirFS(c.Ingress.Presets)}, nil
}
