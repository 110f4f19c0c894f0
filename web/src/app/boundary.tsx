import { Component } from "preact";
import type { ComponentChildren } from "preact";
import { Button, EmptyState } from "../ui";
import { t } from "./i18n";

/** Keeps the error of one view from taking the app down. */
export class Boundary extends Component<{ children: ComponentChildren; key?: string }, { failed: boolean }> {
  override state = { failed: false };

  static override getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override componentDidCatch(error: unknown): void {
    console.error(error);
  }

  override render(): ComponentChildren {
    if (!this.state.failed) return this.props.children;
    const again = (): void => this.setState({ failed: false });
    return (
      <div class="page">
        <EmptyState page icon="alert" title={t("shell.broken")} action={<Button icon="refresh" onClick={again}>{t("ui.retry")}</Button>}>
          {t("shell.brokenText")}
        </EmptyState>
      </div>
    );
  }
}
