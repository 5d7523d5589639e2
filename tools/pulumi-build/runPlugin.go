package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// RunPlugin runs a policy pack, which later engines ask the language host for, by the SDK's cmd/run-policy-pack. Compiled
// into the older language host by build.sh; providers in Node are refused as before.
func (host *nodeLanguageHost) RunPlugin(
	req *pulumirpc.RunPluginRequest, server pulumirpc.LanguageRuntime_RunPluginServer,
) error {
	pack := programDirectory(req)
	if _, err := os.Stat(filepath.Join(pack, "PulumiPolicy.yaml")); err != nil {
		return errors.New("this language host runs programs and policy packs, no providers")
	}
	resolve := exec.Command("node", "-p", "require.resolve('@pulumi/pulumi/cmd/run-policy-pack')")
	resolve.Dir = pack
	script, err := resolve.Output()
	if err != nil {
		return fmt.Errorf("the policy pack's dependencies are not installed: %w", err)
	}
	args := append([]string{strings.TrimSpace(string(script))}, req.GetArgs()...)
	cmd := exec.CommandContext(server.Context(), "node", append(args, pack)...)
	cmd.Dir = pack
	cmd.Env = append(os.Environ(), req.GetEnv()...)
	cmd.Stdout = sender(func(text []byte) error {
		return server.Send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stdout{Stdout: text}})
	})
	cmd.Stderr = sender(func(text []byte) error {
		return server.Send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stderr{Stderr: text}})
	})
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		return err
	}
	code := int32(cmd.ProcessState.ExitCode())
	return server.Send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: code}})
}

type sender func([]byte) error

func (send sender) Write(text []byte) (int, error) {
	return len(text), send(append([]byte(nil), text...))
}

// programDirectory reads ProgramInfo.program_directory (language.proto: field 2 of field 5), which this host's older
// protocol does not have, from the request's unknown fields.
func programDirectory(req *pulumirpc.RunPluginRequest) string {
	return string(field(field(req.ProtoReflect().GetUnknown(), 5), 2))
}

// field finds a length-delimited field of a message in its wire form; nil where there is none.
func field(message []byte, wanted protowire.Number) []byte {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil
		}
		message = message[n:]
		if number == wanted && kind == protowire.BytesType {
			value, n := protowire.ConsumeBytes(message)
			if n < 0 {
				return nil
			}
			return value
		}
		n = protowire.ConsumeFieldValue(number, kind, message)
		if n < 0 {
			return nil
		}
		message = message[n:]
	}
	return nil
}
