const steps = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Returns `bytes` with a unit, for example `1.2 MiB`. */
export function formatBytes(bytes: number): string {
  let amount = Math.max(0, bytes);
  let step = 0;
  while (amount >= 1023.95 && step < steps.length - 1) {
    amount /= 1024;
    step++;
  }
  return `${step === 0 ? Math.round(amount) : amount.toFixed(1)} ${steps[step]}`;
}

/** Returns `seconds` as `0.4s`, `12s`, `1m05s` or `2h03m`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (seconds < 0.95) return `${Math.max(0, seconds).toFixed(1)}s`;
  if (whole < 60) return `${whole}s`;
  const two = (number: number): string => String(number).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m`;
}
