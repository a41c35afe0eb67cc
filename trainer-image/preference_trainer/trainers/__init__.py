"""Training stages on rows that are already token ids: SFT, DPO and ORPO on one data path."""
