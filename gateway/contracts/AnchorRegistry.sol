// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Where Voltseal gateways deposit the checkpoints of their logs.
/// @notice A log is named by keccak256 of its origin. Its submitters are named by the owner of this contract. The tree
/// size of a log's anchors only grows, so a transaction that is sent twice has an effect once, and whatever a submitter
/// anchored, nobody can anchor an older or another tree of that size afterwards.
/// @dev What proves an anchor is the event. The one storage slot a log writes holds what a gateway needs to find it:
/// tree size, block of the newest anchor, and the upper half of its root. Each event names the block of the anchor
/// before it, so that all anchors can be walked backwards without an index.
contract AnchorRegistry {
    struct Head {
        uint64 treeSize;
        uint64 blockNumber;
        bytes16 rootStart;
    }

    /// @notice A checkpoint was anchored. `previousBlock` has the log's anchor before this one; 0: there is none.
    event Anchored(bytes32 indexed log, uint64 indexed treeSize, bytes32 rootHash, uint64 previousBlock);
    /// @notice `submitter` may, or may no longer, anchor the log of this origin.
    event SubmitterSet(bytes32 indexed log, address indexed submitter, bool allowed, string origin);
    event OwnershipOffered(address indexed owner, address indexed candidate);
    event OwnershipTransferred(address indexed from, address indexed to);

    error NotOwner();
    error NotCandidate();
    error NotSubmitter(bytes32 log, address sender);
    error NotLarger(uint64 anchored);
    error EmptyOrigin();

    address public owner;
    /// @notice Who may take ownership by calling `acceptOwnership`.
    address public candidate;
    mapping(bytes32 log => Head) public head;
    mapping(bytes32 log => mapping(address submitter => bool)) public isSubmitter;

    constructor() {
        owner = msg.sender;
        emit OwnershipTransferred(address(0), msg.sender);
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner();
        _;
    }

    /// @notice Anchor a checkpoint. `treeSize` must be larger than that of the log's newest anchor.
    function anchor(bytes32 log, uint64 treeSize, bytes32 rootHash) external {
        if (!isSubmitter[log][msg.sender]) revert NotSubmitter(log, msg.sender);
        Head memory before = head[log];
        // A log without leaves has nothing to anchor, so 0 is free to mean: no anchor yet.
        if (treeSize <= before.treeSize) revert NotLarger(before.treeSize);
        head[log] = Head(treeSize, uint64(block.number), bytes16(rootHash));
        emit Anchored(log, treeSize, rootHash, before.blockNumber);
    }

    /// @notice Let `submitter` anchor the log of `origin`, or no longer.
    function setSubmitter(string calldata origin, address submitter, bool allowed) external onlyOwner {
        if (bytes(origin).length == 0) revert EmptyOrigin();
        bytes32 log = keccak256(bytes(origin));
        isSubmitter[log][submitter] = allowed;
        emit SubmitterSet(log, submitter, allowed, origin);
    }

    /// @notice Offer ownership; it passes when the candidate accepts. The zero address withdraws an offer.
    function offerOwnership(address to) external onlyOwner {
        candidate = to;
        emit OwnershipOffered(msg.sender, to);
    }

    /// @notice Take the ownership that was offered to the sender.
    function acceptOwnership() external {
        if (msg.sender != candidate) revert NotCandidate();
        emit OwnershipTransferred(owner, msg.sender);
        owner = msg.sender;
        candidate = address(0);
    }
}
