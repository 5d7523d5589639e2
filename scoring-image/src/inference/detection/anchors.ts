import { anchorCount, type AnchoredDetection, type AnchorLayer } from "../../model/detection";

/** Anchors as cx, cy, w, h in pixels of the model's input, four numbers an anchor, in the order of the heads' rows. */
export function makeAnchors(
  { layers, clipAnchors }: Pick<AnchoredDetection, "layers" | "clipAnchors">,
  input: { readonly width: number; readonly height: number },
): Float64Array {
  const anchors = new Float64Array(4 * anchorCount(layers));
  let at = 0;
  for (const layer of layers) {
    const shapes = cellShapes(layer).map(([w, h]): [number, number] =>
      clipAnchors ? [Math.min(w, input.width), Math.min(h, input.height)] : [w, h],
    );
    const [rows, columns] = layer.grid;
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        for (const [w, h] of shapes) {
          anchors.set([(x + 0.5) * layer.step, (y + 0.5) * layer.step, w, h], at);
          at += 4;
        }
      }
    }
  }
  return anchors;
}

/** Width and height of the anchors of one cell: the square, the larger square, then one for each ratio. */
function cellShapes({ sizes: [side, next], ratios }: AnchorLayer): [number, number][] {
  const between = Math.sqrt(side * next);
  const stretched = ratios.map((ratio): [number, number] => [
    side * Math.sqrt(ratio),
    side / Math.sqrt(ratio),
  ]);
  return [[side, side], [between, between], ...stretched];
}
