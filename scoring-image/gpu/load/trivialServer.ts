/**
 * A server that answers every request of a given length with the same bytes: what the load
 * generator costs shows against it.
 */
import net, { type AddressInfo } from "node:net";

const [requestBytes, answerBytes] = process.argv.slice(2).map(Number) as [number, number];

const answer = Buffer.concat([
  Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${answerBytes}\r\n\r\n`),
  Buffer.alloc(answerBytes, "0"),
]);

const server = net.createServer((socket) => {
  let arrived = 0;
  socket.setNoDelay(true);
  socket.on("error", () => undefined);
  socket.on("data", (piece: Buffer) => {
    for (arrived += piece.length; arrived >= requestBytes; arrived -= requestBytes) {
      socket.write(answer);
    }
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit(0));
