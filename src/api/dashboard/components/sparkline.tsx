/** A line without axes, as wide as its place. For a shape beside a figure, not for reading values. */
export function Sparkline({ values, height = 24 }: { readonly values: readonly number[]; readonly height?: number }) {
  const highest = Math.max(...values, 1e-9);
  const points = values.map((value, index) => `${index},${((1 - value / highest) * height).toFixed(1)}`).join(' ');
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${Math.max(1, values.length - 1)} ${height}`}
      height={height}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <polyline points={points} vector-effect="non-scaling-stroke" />
    </svg>
  );
}
