import { Component, type ComponentChildren } from 'preact';
import { toProblem } from '../data/client.js';
import { ProblemNote } from './problem-note.js';

/** Catches what fails while it is drawn, so that one fault never takes the page with it. */
export class Fault extends Component<{ readonly children: ComponentChildren }, { readonly error?: unknown }> {
  override componentDidCatch(error: unknown): void {
    console.error(`A part of ${location.pathname} could not be drawn.`, error);
    this.setState({ error });
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return <ProblemNote problem={toProblem(error)} onRetry={() => this.setState({ error: undefined })} />;
  }
}
