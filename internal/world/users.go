package world

import (
	"context"
	"strings"

	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/iam"
)

// Users are the identities of the configuration, as expressions see them.
type Users struct{ policy *iam.Policy }

// NewUsers makes the identities of a policy visible.
func NewUsers(policy *iam.Policy) Users { return Users{policy} }

// User implements expr.Users.
func (u Users) User(_ context.Context, ref string) (expr.User, bool, error) {
	name, id, found := u.policy.Find(ref)
	if !found {
		return expr.User{}, false, nil
	}
	return expr.User{
		Name: name, UUID: id.UUID, FirstName: id.FirstName, LastName: id.LastName, DisplayName: id.DisplayName,
		Email: id.Email, Locale: id.Locale, Zone: id.Zone,
	}, true, nil
}

// Holds implements expr.Users: a permission is the right to run a command, CAN_CMD_NAME.
func (u Users) Holds(_ context.Context, name, permission string) (bool, error) {
	command, isRight := strings.CutPrefix(permission, iam.RightPrefix)
	return isRight && command != "" && u.policy.MayRun(name, command), nil
}
