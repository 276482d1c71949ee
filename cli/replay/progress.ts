/** Shows how far a replay is: a bar on a terminal, a plain line every few seconds elsewhere. */
import cliProgress from "cli-progress";
import { grouped, type Screen } from "../output.ts";

export interface Progress {
  /** @param bytes of the file read so far. */
  update(bytes: number, events: number): void;
  /** A line of its own, above the bar. */
  note(text: string): void;
  stop(): void;
}

const LINE_MS = 5_000;
const REDRAW_MS = 100;

export function createProgress(screen: Screen & NodeJS.WritableStream, totalBytes: number): Progress {
  const began = performance.now();
  const rate = (events: number): string => {
    const seconds = (performance.now() - began) / 1000;
    return `${grouped(seconds > 0 ? events / seconds : 0)} events/s`;
  };
  return screen.isTTY === true ? bar(screen, totalBytes, rate) : lines(screen, totalBytes, rate, began);
}

function bar(stream: NodeJS.WritableStream, totalBytes: number, rate: (events: number) => string): Progress {
  const shown = new cliProgress.SingleBar(
    {
      stream,
      hideCursor: true,
      clearOnComplete: false,
      fps: 1000 / REDRAW_MS,
      etaBuffer: 50,
      format: (options, params, payload: { events?: number }) => {
        const drawn = cliProgress.Format.BarFormat(params.progress, options);
        const percent = `${Math.floor(params.progress * 100)}%`.padStart(4);
        const events = payload.events ?? 0;
        return `${drawn} ${percent}  ${grouped(events)} events  ${rate(events)}  ${timeLeft(params.eta)}`;
      },
    },
    cliProgress.Presets.shades_classic,
  );
  shown.start(totalBytes, 0, { events: 0 });
  return {
    update: (bytes, events) => shown.update(bytes, { events }),
    note: (text) => {
      // Over the bar, which draws itself again below.
      stream.write(`\r\u001B[K${text}\n`);
    },
    stop: () => shown.stop(),
  };
}

function lines(screen: Screen, totalBytes: number, rate: (events: number) => string, began: number): Progress {
  let told = began;
  return {
    update(bytes, events) {
      const now = performance.now();
      if (now - told < LINE_MS) return;
      told = now;
      const done = totalBytes === 0 ? 1 : bytes / totalBytes;
      const left = done > 0 ? ((now - began) / 1000) * (1 / done - 1) : Number.NaN;
      screen.write(`${Math.floor(done * 100)}%  ${grouped(events)} events  ${rate(events)}  ${timeLeft(left)}\n`);
    },
    note: (text) => void screen.write(`${text}\n`),
    stop: () => {},
  };
}

/** @param seconds NaN or Infinity while nobody can tell. */
function timeLeft(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  const whole = Math.ceil(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes > 0 ? `${minutes} min ${whole % 60} s left` : `${whole} s left`;
}
