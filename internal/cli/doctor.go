package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/fault"
)

func (c *cli) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check what the server needs and say what to do",
		Long: "Check the configuration, the data directory and its disk, the broker, the mail relay, the plugins and the running\n" +
			"server. Each line is ok, warn or fail. The exit code is 3 when a line fails.",
		Example: "  pi doctor\n  pi doctor --config config.yaml -o json",
		Args:    wants(nil, 0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.doctor(cmd.Context()) },
	}
}

func (c *cli) doctor(ctx context.Context) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	var checks []app.Check
	if err := cfg.CheckServe(); err != nil {
		p := c.problems(err)[0]
		checks = append(checks, app.Check{Name: "admin API", Status: app.CheckFail, Detail: p.Message, Fix: p.Hint})
	}
	checks = append(checks, app.Doctor(ctx, c.params(cfg.WithAdminURL(api.base), c.logger(cfg, true)))...)
	checks = append(checks, c.checkLoaded(ctx, api)...)
	if err := ctx.Err(); err != nil {
		return err
	}
	rows, worst := make([]any, len(checks)), "ok"
	for i, check := range checks {
		status := string(check.Status)
		if status == "fail" || status == "warn" && worst == "ok" {
			worst = status
		}
		rows[i] = map[string]any{"name": check.Name, "status": status, "detail": c.clean(check.Detail), "fix": c.clean(check.Fix)}
	}
	if err := c.report(rows, worst); err != nil {
		return err
	}
	if worst == "fail" {
		return exitError(fault.Environment)
	}
	return nil
}

// checkLoaded says when the running server could not take over the pipeline files as they are now.
func (c *cli) checkLoaded(ctx context.Context, api *client) []app.Check {
	status, err := api.get(ctx, "/api/v3/status", nil)
	if err != nil {
		return nil // whether it answers is a check of its own
	}
	pipelines, _ := status["pipelines"].(map[string]any)
	broken, _ := pipelines["broken"].([]any)
	if len(broken) == 0 {
		return nil
	}
	return []app.Check{{
		Name: "loaded pipelines", Status: app.CheckWarn, Fix: "mend the files; the server takes them over by itself",
		Detail: fmt.Sprintf("the server keeps the pipelines of %s: %s", cellText(pipelines["loaded"]), cellText(broken[0])),
	}}
}

func (c *cli) report(rows []any, worst string) error {
	if c.output == "json" || c.output == "yaml" {
		return c.show(map[string]any{"status": worst, "checks": rows}, "yaml")
	}
	var lines [][]string
	for _, row := range rows {
		fields, _ := row.(map[string]any)
		status, name, detail, fix := cellText(fields["status"]), cellText(fields["name"]), cellText(fields["detail"]), cellText(fields["fix"])
		lines = append(lines, []string{status, name, detail})
		if fix != "" && status != "ok" {
			lines = append(lines, []string{"", "", "-> " + fix})
		}
	}
	c.align(lines)
	return nil
}
