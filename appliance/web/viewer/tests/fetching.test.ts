/** A box that falls silent, and a stream that begins anew, over real connections. */
import { describe, expect, it } from "vitest";
import { Fetching } from "../src/dicomweb/fetching";
import { Restarts } from "../src/dicomweb/restarts";
import { StreamBroken } from "../src/dicomweb/series_index";

interface Answer {
  on(event: "close", heard: () => void): void;
  write(text: string): void;
  end(text: string): void;
}
interface Server {
  listen(port: number, host: string, ready: () => void): void;
  address(): { port: number };
  closeAllConnections(): void;
  close(): void;
}
interface Http {
  readonly createServer: (answer: (request: unknown, response: Answer) => void) => Server;
}

const NODE = "node:http";
const events = new EventTarget(); // a worker's own scope is one, and Node's is not
Object.assign(globalThis, { addEventListener: events.addEventListener.bind(events), removeEventListener: events.removeEventListener.bind(events) });

async function served(answer: (response: Answer, number: number) => void): Promise<{ url: string; end: () => void }> {
  const { createServer } = (await import(NODE)) as Http;
  let number = 0;
  const server = createServer((_, response) => answer(response, number++));
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const end = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${String(server.address().port)}/`, end };
}

describe("fetching", () => {
  it("ends a request that is never answered before it asks again", async () => {
    const open = new Set<number>();
    let most = 0;
    const { url, end } = await served((response, number) => {
      open.add(number);
      response.on("close", () => open.delete(number));
      setTimeout(() => (most = Math.max(most, open.size)), 20);
      if (number === 4) response.end("here");
    });
    const fetching = new Fetching(url, { onBytes: () => undefined, onCut: () => undefined }, { silenceMs: 60, firstMs: 20, mostMs: 20 });
    expect(new TextDecoder().decode((await fetching.more()) ?? undefined)).toBe("here");
    await new Promise((done) => setTimeout(done, 60));
    end();
    expect(most).toBe(1);
  });
});

describe("a stream that begins anew", () => {
  it("is read on while each time brings something, and given up after some that bring nothing", () => {
    const restarts = new Restarts();
    for (let count = 1; count < 100; count++) restarts.note(count);
    for (let time = 0; time < 4; time++) restarts.note(99);
    expect(() => restarts.note(99)).toThrow(StreamBroken);
  });
});
