/** The mark: two paths that cross, and the seal over them. */
export function Logo({ size = 28 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="logo">
      <rect width="32" height="32" rx="8" className="logo-ground" />
      <path d="M7 10l4.2 12L16 12.5 20.8 22 25 10" fill="none" stroke="#f6f1e6" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round" />
      <circle cx="16" cy="8.2" r="1.9" fill="#e3ae52" />
    </svg>
  );
}
