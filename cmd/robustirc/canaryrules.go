package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"robustirc/canary/compare"
	"robustirc/linkgw/translate"
	"robustirc/s2s"
	"robustirc/s2s/ts6"
	"robustirc/s2s/unreal"
)

// canaryFile is a canary.toml: thresholds, and rules of the operator's own beside the shipped ones.
type canaryFile struct {
	Gates struct {
		Unexplained  float64       `toml:"unexplained"` // per delivery, the 95 % upper bound
		Coverage     float64       `toml:"coverage"`    // share of eligible events
		Commands     int           `toml:"commands"`
		CommandSeen  int64         `toml:"command_seen"`
		Soak         time.Duration `toml:"soak"`
		LagP99       time.Duration `toml:"lag_p99"`
		LagP999      time.Duration `toml:"lag_p99_9"`
		Window       time.Duration `toml:"window"`
		MaxUnmatched int           `toml:"max_unmatched"`
	} `toml:"gates"`
	Rules []compare.Rule `toml:"rule"`
}

// canaryOptions reads a canary.toml; "" is the defaults.
func canaryOptions(file string, today time.Time) (compare.Options, error) {
	o := compare.Options{Codec: liveCodec, ChannelModes: mirroredModes, Rules: compare.DefaultRules(), Gates: compare.DefaultGates(), Today: today, Seed: 1}
	if file == "" {
		return o, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return o, usageError{err}
	}
	var f canaryFile
	if err := decodeSettings(file, string(text), "docs/canary.md", &f); err != nil {
		return o, usageError{err}
	}
	g := &o.Gates
	g.UpperPPB = cmp.Or(int64(f.Gates.Unexplained*1e9), g.UpperPPB)
	g.CoveragePPB = cmp.Or(int64(f.Gates.Coverage*1e9), g.CoveragePPB)
	g.Commands, g.CommandSeen = cmp.Or(f.Gates.Commands, g.Commands), cmp.Or(f.Gates.CommandSeen, g.CommandSeen)
	g.Soak, g.P99, g.P999 = cmp.Or(f.Gates.Soak, g.Soak), cmp.Or(f.Gates.LagP99, g.P99), cmp.Or(f.Gates.LagP999, g.P999)
	o.Window, o.MaxPending = f.Gates.Window, f.Gates.MaxUnmatched
	for i := range f.Rules {
		if err := f.Rules[i].Validate(); err != nil {
			return o, usageError{fmt.Errorf("%s: %w", file, err)}
		}
	}
	o.Rules = append(o.Rules, f.Rules...)
	return o, nil
}

// liveCodec makes the codec that reads a link's lines.
func liveCodec(protocol, dialect string) s2s.Codec {
	if protocol == "unreal" {
		return unreal.NewCodec(unreal.Features{Tags: true, BigLines: true, NamedBans: true, Setters: true, SWhois: true, Locks: true})
	}
	d := ts6.Solanum
	switch dialect {
	case "hybrid":
		d = ts6.Hybrid
	case "charybdis":
		d = ts6.Charybdis
	}
	return ts6.NewCodec(d, ts6.Offer(d)...)
}

// mirroredModes are the channel modes of a dialect that the gateway mirrors, with their letters on the new network.
func mirroredModes(dialect string) map[byte]byte {
	modes := map[byte]byte{}
	for _, row := range translate.ChannelModeTable(dialect) {
		if row.To != 0 {
			modes[row.Letter] = row.To
		}
	}
	return modes
}

func canaryAcceptCommand() *cobra.Command {
	var result, rules, reason, owner, until string
	cmd := &cobra.Command{
		Use:   "accept GROUP --result report.json --rules canary.toml --reason TEXT --until DATE",
		Short: "Accept a group of differences: it becomes a debt that reports go on showing",
		Long: `Accept a group of differences: a rule is written for it into the rules file, with who
accepted it, why, and until when. Reports go on showing the group, as a debt. Nothing can
accept what is shown to somebody who must not see it.`,
		Example: `  robustirc canary accept 5e59400cde1c --result report.json --rules canary.toml \
    --reason "the old server's wording" --until 2027-01-31`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if result == "" || rules == "" || reason == "" || until == "" {
				return usageError{errors.New("--result, --rules, --reason and --until are all needed")}
			}
			group, err := groupIn(result, args[0])
			if err != nil {
				return err
			}
			rule := compare.Rule{ID: "accepted-" + group.ID, Reason: reason, Owner: owner, Until: until, Kind: compare.KindAccept, Group: group.ID}
			if group.AcceptRule == "" {
				return usageError{fmt.Errorf("group %s cannot be accepted: %s", group.ID, group.Title)}
			}
			if err := rule.Validate(); err != nil {
				return usageError{err}
			}
			return appendRule(rules, &rule)
		},
	}
	f := cmd.Flags()
	f.StringVar(&result, "result", "", "JSON report that shows the group")
	f.StringVar(&rules, "rules", "", "rules file to write to; it is made when it is not there")
	f.StringVar(&reason, "reason", "", "why this may differ")
	f.StringVar(&owner, "owner", cmp.Or(os.Getenv("USER"), "operator"), "who says so")
	f.StringVar(&until, "until", "", "the last day it holds, YYYY-MM-DD")
	return cmd
}

// groupIn finds a group in a JSON report.
func groupIn(file, id string) (*compare.Group, error) {
	r, err := readResult(file)
	if err != nil {
		return nil, err
	}
	for i := range r.Groups {
		if r.Groups[i].ID == id {
			return &r.Groups[i], nil
		}
	}
	return nil, usageError{fmt.Errorf("%s shows no group %s", file, id)}
}

// appendRule writes a rule behind those of a file, which must be good before and after.
func appendRule(file string, rule *compare.Rule) error {
	if _, err := os.Stat(file); err == nil {
		o, err := canaryOptions(file, time.Time{})
		if err != nil {
			return err
		}
		for _, r := range o.Rules {
			if r.ID == rule.ID {
				return usageError{fmt.Errorf("%s accepts group %s already", file, rule.Group)}
			}
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return usageError{err}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n[[rule]]\nid = %q\nkind = %q\ngroup = %q\nreason = %q\nowner = %q\nuntil = %q\n", rule.ID, rule.Kind, rule.Group, rule.Reason, rule.Owner, rule.Until)
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.WriteString(b.String())
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("writing the rule: %w", err)
	}
	return nil
}
