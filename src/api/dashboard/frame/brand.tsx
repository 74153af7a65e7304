/** Two events on a rail. */
export function BrandMark() {
  return (
    <svg class="brand-mark" viewBox="0 0 20 20" aria-hidden="true">
      <path d="M6 1v18M6 6h10M6 13h6" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" />
      <circle cx="6" cy="6" r="2.75" fill="currentColor" />
      <circle cx="6" cy="13" r="2.75" fill="currentColor" />
    </svg>
  );
}
