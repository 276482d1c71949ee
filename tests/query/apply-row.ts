/** Gives a view a row as it gets it: out of the bytes of a delta. */
import { ByteWriter } from "../../kernel/bytes.ts";
import { DeltaRowReader, writeDeltaRow, type DeltaRowSource } from "../../kernel/delta.ts";
import { DeltaIntake } from "../../query/delta-intake.ts";
import type { PartitionView } from "../../query/view.ts";

const STEP = { seq: 1, id: "1-1" };

export function applyRow(view: PartitionView, row: DeltaRowSource): void {
  const out = new ByteWriter();
  writeDeltaRow(out, row);
  new DeltaRowReader(out.finish()).next(new DeltaIntake(view, null, STEP, new Map()));
}
