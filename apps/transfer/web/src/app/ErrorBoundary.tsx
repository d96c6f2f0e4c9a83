import { Component, type ReactNode } from "react";

interface Props {
  readonly fallback: ReactNode;
  /** Another value lets the page try again: the address, for example. */
  readonly resetBy?: unknown;
  readonly children: ReactNode;
}

/** Shows something else when what stands inside fails to be drawn. Nothing about it leaves the page. */
export class ErrorBoundary extends Component<Props, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override componentDidUpdate(before: Props): void {
    if (this.state.failed && before.resetBy !== this.props.resetBy) this.setState({ failed: false });
  }

  override render(): ReactNode {
    return this.state.failed ? this.props.fallback : this.props.children;
  }
}
