package webhooks

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// Suffix ends the name of a file that declares a webhook.
const Suffix = ".webhook.yaml"

const (
	maxFiles = 10_000
	maxFile  = 512 << 10 // bytes
)

// LoadDir reads the files of a folder; one that does not exist holds none.
func LoadDir(dir string) ([]webhook.Declaration, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(fault.ConfigRead, err, "opening the folder of declared webhooks").In("webhooks.dir")
	}
	defer root.Close()
	return Load(root.FS(), filepath.ToSlash(dir))
}

// Load reads the files *.webhook.yaml in the root of a file system, by name; dir stands before their names in
// faults. All faults of all files are reported; what it gives beside them are the sound files.
func Load(fsys fs.FS, dir string) ([]webhook.Declaration, error) {
	names, err := fs.Glob(fsys, "*"+Suffix)
	if err != nil {
		return nil, fault.Wrap(fault.ConfigRead, err, "listing declared webhooks").In("webhooks.dir")
	}
	if len(names) > maxFiles {
		return nil, fault.New(fault.ConfigValue, "the folder holds %d declared webhooks, and %d are allowed", len(names), maxFiles).In("webhooks.dir")
	}
	var out []webhook.Declaration
	var faults fault.List
	files := map[string]string{} // by id
	for _, name := range names {
		decl, found := readFile(fsys, dir, name)
		if len(found) == 0 {
			if other, taken := files[decl.Webhook.ID]; taken {
				f := fault.New(fault.WebhookInvalid, "the webhook of %s has the id %q, too", other, decl.Webhook.ID).In("id")
				found = append(found, decl.Place(f))
			}
			files[decl.Webhook.ID] = name
		}
		if faults = append(faults, found...); len(found) == 0 {
			out = append(out, decl)
		}
	}
	return out, faults.Err()
}

func readFile(fsys fs.FS, dir, name string) (webhook.Declaration, fault.List) {
	at := fault.Position{File: path.Join(dir, name)}
	info, err := fs.Stat(fsys, name)
	if err == nil && info.Size() > maxFile {
		return webhook.Declaration{}, fault.List{fault.New(fault.ConfigValue, "the file has more than %d bytes", maxFile).At(at)}
	}
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return webhook.Declaration{}, fault.List{fault.Wrap(fault.ConfigRead, err, "reading a declared webhook").At(at)}
	}
	decl, err := Parse(at.File, data)
	if list := fault.List(nil); errors.As(err, &list) {
		return decl, list
	}
	return decl, nil
}

// idOf gives the id that a file name stands for.
func idOf(file string) string { return strings.TrimSuffix(path.Base(file), Suffix) }
