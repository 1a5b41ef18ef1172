/** A signature as lines of points, in parts of the pad's width and height, so that it can be drawn at any size. */

export type Point = readonly [x: number, y: number];

export interface Brush {
  lineWidth: number;
  lineCap: CanvasLineCap;
  lineJoin: CanvasLineJoin;
  strokeStyle: string | CanvasGradient | CanvasPattern;
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  quadraticCurveTo(cpx: number, cpy: number, x: number, y: number): void;
  stroke(): void;
}

/** The signature must have gone this far, in parts of the pad's width: a touch by accident is none. */
const LEAST = 0.05;

export class Strokes {
  private readonly lines: Point[][] = [];

  /** A new line begins. */
  begin(point: Point): void {
    this.lines.push([point]);
  }

  /** The line goes on. */
  go(point: Point): void {
    const line = this.lines.at(-1);
    const last = line?.at(-1);
    if (line === undefined || (last !== undefined && last[0] === point[0] && last[1] === point[1])) return;
    line.push(point);
  }

  clear(): void {
    this.lines.length = 0;
  }

  get blank(): boolean {
    return this.lines.length === 0;
  }

  /** True when it is more than a dot. */
  get signed(): boolean {
    let way = 0;
    for (const line of this.lines) {
      let before = line[0];
      for (const point of line) {
        if (before !== undefined) way += Math.hypot(point[0] - before[0], point[1] - before[1]);
        before = point;
      }
    }
    return way >= LEAST;
  }

  /** Draw it; curves run through the middles of its points, which smooths what a finger does. */
  draw(brush: Brush, width: number, height: number, thick: number): void {
    brush.lineWidth = thick;
    brush.lineCap = "round";
    brush.lineJoin = "round";
    brush.strokeStyle = "#16233b";
    for (const line of this.lines) {
      const points = line.map(([x, y]): Point => [x * width, y * height]);
      const [first] = points;
      const last = points.at(-1);
      if (first === undefined || last === undefined) continue;
      brush.beginPath();
      brush.moveTo(...first);
      let [x, y] = first;
      points.slice(1).forEach(([nextX, nextY], at) => {
        if (at > 0) brush.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
        [x, y] = [nextX, nextY];
      });
      brush.lineTo(...last);
      brush.stroke();
    }
  }
}
