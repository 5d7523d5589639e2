/** The emulated FPGA as a process, which can be killed. Arguments: address, milliseconds to be programmed, milliseconds a request. */
import { EmulatedFpga } from "../support/emulatedFpga";

async function main([address = "", flashMs, runMs]: string[]): Promise<void> {
  const fpga = new EmulatedFpga({ address });
  fpga.runMs = Number(runMs);
  await fpga.start(Number(flashMs));
  setInterval(() => {
    if (fpga.overlapping > 0) process.stdout.write("overlapping\n");
  }, 100);
}

void main(process.argv.slice(2));
